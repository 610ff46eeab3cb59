"""websockets.py: masks by the C function, and a protocol that parses frames with it."""

from __future__ import annotations

from websockets import frames, speedups
from websockets.exceptions import PayloadTooBig
from websockets.streams import StreamReader


def parsed(data: bytes, most: int | None = None) -> frames.Frame:
    reader = StreamReader()
    reader.feed_data(data)
    steps = frames.Frame.parse(reader.read_exact, mask=True, max_size=most)
    try:
        next(steps)
    except StopIteration as ended:
        return ended.value
    raise RuntimeError("websockets: a whole frame was expected, and the parser waits for more")


def work(i: int) -> object:
    if frames.apply_mask is not speedups.apply_mask:
        raise ImportError("websockets: its C function was expected, and it masks in Python")
    masked = speedups.apply_mask(b"payload %d" % i, bytes([i, 2, 3, 4]))
    frame = frames.Frame(frames.Opcode.TEXT, b"text %d" % i * (i + 1))
    # as the client writes it, with a mask that is known
    head = bytes([0x81, 0x80 | len(frame.data), 1, 2, 3, 4])
    wire = head + speedups.apply_mask(frame.data, b"\1\2\3\4")
    try:
        parsed(wire, 2)
    except PayloadTooBig as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    try:
        speedups.apply_mask(b"x", b"short")
    except ValueError as error:
        said += f" {error}"
    return masked, bytes(parsed(wire).data), said
