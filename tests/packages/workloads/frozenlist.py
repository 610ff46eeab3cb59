"""frozenlist.py: a list that is frozen, its comparisons, a change that comes too late."""

from __future__ import annotations

import frozenlist


def work(i: int) -> object:
    if frozenlist.FrozenList is frozenlist.PyFrozenList:
        raise ImportError("frozenlist: its C module was expected, and it works in Python")
    made = frozenlist.FrozenList([i, 2])
    made.append(3)
    made.insert(0, i * 2)
    made += [4]
    made.freeze()
    try:
        made.append(5)
    except RuntimeError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        list(made),
        repr(made),
        made == [i * 2, i, 2, 3, 4],
        hash(made) == hash(tuple(made)),
        made.count(3),
        type(made).__name__,
        list(reversed(made)),
        said,
    )
