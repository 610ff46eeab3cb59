"""zstandard.py: compresses with a dictionary and in pieces, data that is broken."""

from __future__ import annotations

import io

import zstandard


def work(i: int) -> object:
    if zstandard.backend != "cext":
        raise ImportError(f"zstandard: the backend 'cext' was expected, found {zstandard.backend}")
    data = b"text %d, " % i * 300
    known = zstandard.ZstdCompressionDict(b"text 1, text 2, text 3, " * 20)
    packed = zstandard.ZstdCompressor(level=3, dict_data=known).compress(data)
    sink = io.BytesIO()
    with zstandard.ZstdCompressor().stream_writer(sink, closefd=False) as writer:
        writer.write(data)
    try:
        zstandard.ZstdDecompressor().decompress(packed[:6])
    except zstandard.ZstdError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return (
        packed,
        zstandard.ZstdDecompressor(dict_data=known).decompress(packed) == data,
        zstandard.ZstdDecompressor().decompressobj().decompress(sink.getvalue()) == data,
        zstandard.get_frame_parameters(packed).content_size,
        said,
    )
