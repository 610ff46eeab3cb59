"""cbor2.py: encodes and decodes tagged values, shared ones, an object by a function, cut data."""

from __future__ import annotations

import datetime
import decimal

import cbor2


class Box:
    def __init__(self, n: int) -> None:
        self.n = n


def encode(encoder: cbor2.CBOREncoder, value: Box) -> None:
    encoder.encode(cbor2.CBORTag(4000, value.n))


def decode(decoder: cbor2.CBORDecoder, tag: cbor2.CBORTag, *_: object) -> object:
    return ("box", tag.value)


def work(i: int) -> object:
    value = {
        "n": [i, -i - 1, 2**70, 1.5, None, True],
        "day": datetime.datetime(2020, 1, 1 + i, tzinfo=datetime.UTC),
        "d": decimal.Decimal(f"1.{i}"),
        "u": cbor2.undefined,
        "s": cbor2.CBORSimpleValue(99),
    }
    data = cbor2.dumps(value)
    again = cbor2.loads(data)
    boxed = cbor2.dumps([Box(i)], default=encode)
    said = []
    for broken in (data[:-1], b"\xff"):
        try:
            cbor2.loads(broken)
        except cbor2.CBORDecodeError as error:
            said.append(type(error).__name__)
    return (
        data.hex(),
        again["n"],
        again["day"].isoformat(),
        str(again["d"]),
        again["u"] is cbor2.undefined,
        again["s"] == cbor2.CBORSimpleValue(99),
        boxed.hex(),
        said,
    )
