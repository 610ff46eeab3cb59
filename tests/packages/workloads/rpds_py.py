"""rpds_py.py: persistent maps, lists, sets, their equality and their KeyError."""

from __future__ import annotations

from rpds import HashTrieMap, HashTrieSet, List


def work(i: int) -> object:
    entries = HashTrieMap({f"k{n}": n * i for n in range(30)})
    smaller = entries.remove("k3").insert("new", i)
    try:
        smaller.remove("k3")
    except KeyError as error:
        said = repr(error)
    else:
        said = "nothing was raised"
    values = HashTrieSet([1, 2, i]).insert(i + 5)
    return (
        sorted(smaller.items()),
        len(entries),
        sorted(values),
        list(List([1, i]).push_front(0)),
        entries == HashTrieMap({f"k{n}": n * i for n in range(30)}),
        type(smaller) is HashTrieMap,
        said,
    )
