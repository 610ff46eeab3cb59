"""numpy.py: arithmetic, linear algebra, FFT, strings, structured types, a user's ufunc, random."""

from __future__ import annotations

import pickle

import numpy as np


class Tagged(np.ndarray):
    """A subclass keeps its type through views and ufuncs."""


def work(i: int) -> object:
    a = np.arange(1, 17, dtype=np.float64).reshape(4, 4) + (i + 1) * np.eye(4)
    inverse = np.linalg.inv(a)
    spectrum = np.fft.rfft(a[0]).round(9)
    table = np.zeros(3, dtype=[("name", "U8"), ("n", "i4")])
    table["name"], table["n"] = [f"row{n}" for n in range(3)], np.arange(3) * i
    plus = np.frompyfunc(lambda x, y: x + y, 2, 1)
    draws = np.random.default_rng(i).integers(0, 1000, 5)
    try:
        np.linalg.inv(np.zeros((2, 2)))
    except np.linalg.LinAlgError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    copied = pickle.loads(pickle.dumps(table))
    return (
        np.allclose(a @ inverse, np.eye(4)),
        [str(each) for each in spectrum],
        copied.tolist(),
        plus(np.array(["a", 1], object), np.array(["b", i], object)).tolist(),
        draws.tolist(),
        said,
        type(a.view(Tagged) + 1) is Tagged,
        str(np.datetime64("2020-01-01") + np.timedelta64(i, "D")),
        np.array2string(a[:2, :2], precision=2),
        int(np.sort(np.arange(50)[::-1] * i % 17).sum()),
    )
