"""pool/wire.py: what goes through the pipes between the pool and a worker.

A message is a header and `size` bytes. A worker has at most one task, so a pipe holds at most one
message of each direction (READY and END beside it have no bytes). Both sides import this file.
"""

from __future__ import annotations

import os
import struct

#: kind, number of the task, seconds that it ran, bytes that follow
HEADER = struct.Struct("<BQdQ")

END = 0  #: to the worker: leave the loop
CALL = 1  #: to the worker: pickle of (function, args, kwargs)
READY = 2  #: from the worker: modules are imported, the initializer has run
RESULT = 3  #: the pickled result
ERROR = 4  #: pickle of (exception, traceback as a text)
INTERRUPTED = 5  #: the task was stopped; its traceback as a text
NOT_SENT = 6  #: the result, or the exception, cannot be pickled: the reason as a text
NOT_STARTED = 7  #: instead of READY: pickle of (exception or None, traceback as a text)

#: What a pipe of Linux takes at once.
PIPE_BYTES = 1 << 16


def write(pipe: int, kind: int, number: int = 0, seconds: float = 0.0, data: bytes = b"") -> None:
    """Sends a message; returns when the pipe has taken all of it."""
    header = HEADER.pack(kind, number, seconds, len(data))
    if len(data) < PIPE_BYTES - HEADER.size:
        if os.write(pipe, header + data) == HEADER.size + len(data):
            return
        raise OSError(f"pipe {pipe} took a part of a small message")
    os.write(pipe, header)
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(pipe, rest) :]


def read(pipe: int) -> tuple[int, int, float, bytes | memoryview | bytearray] | None:
    """The next message, or None where the other side has closed the pipe."""
    some = os.read(pipe, PIPE_BYTES)
    while len(some) < HEADER.size:
        if not some:
            return None
        more = os.read(pipe, PIPE_BYTES)
        if not more:
            return None
        some += more
    kind, number, seconds, size = HEADER.unpack_from(some)
    begun = memoryview(some)[HEADER.size :]
    if len(begun) == size:
        return kind, number, seconds, begun
    data = bytearray(size)
    data[: len(begun)] = begun
    rest = memoryview(data)[len(begun) :]
    while rest:
        count = os.readv(pipe, [rest])
        if count == 0:
            return None
        rest = rest[count:]
    return kind, number, seconds, data
