"""msgspec.py: structs, JSON and MessagePack, a tagged union, an error with its path."""

from __future__ import annotations

import msgspec


class Circle(msgspec.Struct, tag="circle"):
    radius: float


class Square(msgspec.Struct, tag="square", frozen=True):
    side: int
    names: list[str] = []


DECODER = msgspec.json.Decoder(list[Circle | Square])


def work(i: int) -> object:
    shapes = [Circle(i / 2), Square(i, ["a", str(i)])]
    text = msgspec.json.encode(shapes)
    packed = msgspec.msgpack.encode(shapes)
    try:
        DECODER.decode(b'[{"type": "square", "side": "%d"}]' % i)
    except msgspec.ValidationError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        text,
        DECODER.decode(text) == shapes,
        msgspec.msgpack.decode(packed, type=list[Circle | Square]) == shapes,
        msgspec.convert({"type": "circle", "radius": i}, Circle) == Circle(float(i)),
        repr(msgspec.structs.replace(shapes[1], side=i + 1)),
        said,
    )
