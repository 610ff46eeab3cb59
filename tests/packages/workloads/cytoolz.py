"""cytoolz.py: curries, groups, pipes, windows, by Cython's modules."""

from __future__ import annotations

import operator

import cytoolz
from cytoolz import curried


def work(i: int) -> object:
    plus = cytoolz.curry(operator.add)(i)
    try:
        cytoolz.first([])
    except StopIteration as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        plus(3),
        cytoolz.groupby(lambda n: n % 3, range(i + 9)),
        cytoolz.pipe(range(9), curried.map(plus), curried.filter(lambda n: n % 2), list),
        list(cytoolz.sliding_window(3, range(i + 4))),
        cytoolz.merge_with(sum, {"a": 1, "b": i}, {"a": i}),
        cytoolz.get_in(["a", 0, "b"], {"a": [{"b": i}]}),
        cytoolz.compose(str, plus)(2),
        repr(cytoolz.curry(max)),
        said,
    )
