"""jiter.py: decodes whole and partial JSON, its cache of keys, an error."""

from __future__ import annotations

import jiter


def work(i: int) -> object:
    text = b'{"name": "a%d", "list": [1, 2.5, null, true], "deep": {"name": %d}}' % (i, i)
    whole = jiter.from_json(text, cache_mode="all")
    part = jiter.from_json(text[:30], partial_mode="trailing-strings")
    exact = jiter.from_json(b"1.%d5" % i, float_mode="decimal")
    try:
        jiter.from_json(b"[1, %d" % i)
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return whole, part, str(exact), type(exact).__name__, said
