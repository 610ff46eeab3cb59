"""mmh3.py: hashes of every width, hashers that are copied, a wrong argument."""

from __future__ import annotations

import mmh3


def work(i: int) -> object:
    data = b"data %d" % i * 9
    hasher = mmh3.mmh3_x64_128(data[:10], i)
    copied = hasher.copy()
    copied.update(data[10:])
    try:
        mmh3.hash(i)
    except TypeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        mmh3.hash(data, i),
        mmh3.hash64(data, i),
        mmh3.hash128(data, i, signed=True),
        copied.digest() == mmh3.hash_bytes(data, i),
        type(copied) is mmh3.mmh3_x64_128,
        said,
    )
