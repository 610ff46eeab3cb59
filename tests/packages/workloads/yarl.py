"""yarl.py: quoting by the C module, joins, queries, a URL that is not one."""

from __future__ import annotations

from yarl import URL, _quoting


def work(i: int) -> object:
    if _quoting._Quoter.__module__ != "yarl._quoting_c":
        raise ImportError("yarl: its C module was expected, and it quotes in Python")
    url = URL(f"http://user@example.com:80{i}/pä th/{i}?q=ü&b=%20{i}#frag")
    try:
        URL("http://[::1")
    except ValueError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    quoter = _quoting._Quoter(safe="/")
    return (
        str(url),
        url.path,
        url.query_string,
        url.human_repr(),
        str(url.join(URL(f"../x{i} y"))),
        str(url.with_query({"a": f"ö {i}"})),
        quoter(f"a/ß {i}?"),
        _quoting._Unquoter()(f"%C3%9F%20{i}"),
        said,
    )
