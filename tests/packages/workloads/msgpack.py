"""msgpack.py: packs and unpacks, extension types, a time, data that ends early."""

from __future__ import annotations

import datetime

import msgpack


def extension(code: int, data: bytes) -> object:
    return (code, len(data))


def work(i: int) -> object:
    value = {"i": [i, None, 1.5, b"b", "ä"], "big": 2**63 + i, "ext": msgpack.ExtType(5, b"x" * i)}
    packed = msgpack.packb(value)
    day = datetime.datetime(2020, 1, 1 + i, tzinfo=datetime.UTC)
    timed = msgpack.unpackb(msgpack.packb(day, datetime=True), timestamp=3)
    unpacker = msgpack.Unpacker()
    unpacker.feed(packed + packed[:3])
    said = []
    for data in (packed[:-1], b"\xc1"):
        try:
            msgpack.unpackb(data)
        except (ValueError, msgpack.exceptions.UnpackException) as error:
            said.append(type(error).__name__)
    return (
        packed,
        repr(msgpack.unpackb(packed, ext_hook=extension)),
        len(list(unpacker)),
        timed.isoformat(),
        said,
    )
