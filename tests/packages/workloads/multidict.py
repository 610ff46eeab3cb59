"""multidict.py: both kinds, their views, their proxies, a key that is not there."""

from __future__ import annotations

from multidict import CIMultiDict, CIMultiDictProxy, MultiDict, istr


def work(i: int) -> object:
    plain = MultiDict([("a", 1), ("b", i), ("a", 3)])
    plain.extend({"c": i * 2})
    folded = CIMultiDict({"Content-Type": f"x/{i}"})
    folded.add(istr("content-type"), "second")
    proxy = CIMultiDictProxy(folded)
    try:
        proxy["missing"]
    except KeyError as error:
        said = repr(error)
    else:
        said = "nothing was raised"
    return (
        plain.getall("a"),
        list(plain.items()),
        proxy.getall("CONTENT-TYPE"),
        type(proxy.copy()) is CIMultiDict,
        plain.popall("a"),
        len(plain.keys() & {"b", "x"}),
        repr(folded),
        said,
    )
