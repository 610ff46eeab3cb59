"""xxhash.py: every hash at once and in pieces, with seeds."""

from __future__ import annotations

import xxhash


def work(i: int) -> object:
    data = b"data %d" % i * 50
    found = []
    for name in ("xxh32", "xxh64", "xxh3_64", "xxh3_128"):
        state = getattr(xxhash, name)(seed=i)
        state.update(data[:30])
        copied = state.copy()
        copied.update(data[30:])
        at_once = getattr(xxhash, f"{name}_hexdigest")(data, seed=i)
        found.append((at_once, copied.hexdigest() == at_once, type(copied) is type(state)))
    try:
        xxhash.xxh64(3)
    except TypeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return found, said, xxhash.xxh32().name
