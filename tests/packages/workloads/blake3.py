"""blake3.py: a hash, a keyed hash, a derived key, a key of the wrong length."""

from __future__ import annotations

from blake3 import blake3


def work(i: int) -> object:
    data = b"data %d" % i * 100
    state = blake3(data[:70])
    state.update(data[70:])
    try:
        blake3(data, key=b"short")
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        state.hexdigest(),
        state.hexdigest() == blake3(data).hexdigest(),
        blake3(data, key=bytes([i] * 32)).hexdigest(),
        blake3(data, derive_key_context=f"context {i}").digest(8),
        type(state.copy()) is blake3,
        said,
    )
