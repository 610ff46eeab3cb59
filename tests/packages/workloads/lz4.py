"""lz4.py: frames and blocks, at once and in pieces, data that is broken."""

from __future__ import annotations

import lz4.block
import lz4.frame


def work(i: int) -> object:
    data = b"text %d, " % i * 300
    packed = lz4.frame.compress(data, content_checksum=True)
    with lz4.frame.LZ4FrameCompressor() as compressor:
        pieces = compressor.begin() + compressor.compress(data) + compressor.flush()
    said = []
    for call, broken in ((lz4.frame.decompress, packed[:20]), (lz4.block.decompress, b"\1\0\0\0")):
        try:
            call(broken)
        except (RuntimeError, lz4.block.LZ4BlockError) as error:
            said.append(type(error).__name__)
    block = lz4.block.compress(data, mode="high_compression")
    info = lz4.frame.get_frame_info(packed)
    return (
        packed,
        lz4.frame.decompress(pieces) == data,
        lz4.block.decompress(block) == data,
        info["content_checksum"],
        said,
    )
