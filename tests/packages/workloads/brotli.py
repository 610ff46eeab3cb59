"""brotli.py: compresses and decompresses, at once and in pieces, data that is broken."""

from __future__ import annotations

import brotli


def work(i: int) -> object:
    data = b"text %d, " % i * 200
    packed = brotli.compress(data, quality=5)
    compressor = brotli.Compressor(quality=3)
    pieces = compressor.process(data[:500]) + compressor.process(data[500:]) + compressor.finish()
    try:
        brotli.decompress(packed[: len(packed) // 2])
    except brotli.error as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    decompressor = brotli.Decompressor()
    again = decompressor.process(packed)
    return (
        packed,
        again == data,
        decompressor.is_finished(),
        brotli.decompress(pieces) == data,
        said,
    )
