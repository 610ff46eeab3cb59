"""numexpr.py: expressions over arrays, reductions, a name that is not known."""

from __future__ import annotations

import numexpr
import numpy as np


def work(i: int) -> object:
    a, b = np.arange(500.0), np.arange(500.0)[::-1] * i
    names = {"a": a, "b": b}
    got = numexpr.evaluate("a * 2 + sqrt(b) - 3", names)
    summed = numexpr.evaluate("sum(a * b)", names)
    chosen = numexpr.evaluate("where(a > b, a, b)", names)
    try:
        numexpr.evaluate("a + nothing", names)
    except KeyError as error:
        said = repr(error)
    else:
        said = "nothing was raised"
    return round(float(got.sum()), 6), float(summed), float(chosen.sum()), said
