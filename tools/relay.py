"""relay.py WHAT SECONDS COMMAND...: runs the command and passes its output on; says where it is
silent for ten seconds that it goes on.

SECONDS is how long the caller had been running by then; what is said counts from there. Each of
stdout and stderr that is a terminal is one for the command too. Ends with the command's status. A
Ctrl-C is the command's business: it has the same process group.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import subprocess
import sys
import termios
import time
import tty

PATIENCE = 9.0
BLOCK = 1 << 16


def channel(target: int) -> tuple[int, int]:
    """An end to read from and an end to write to: of a terminal where `target` is one."""
    if not os.isatty(target):
        return os.pipe()
    ours, theirs = os.openpty()
    tty.setraw(theirs)  # the real terminal does with a line's end what there is to do
    size = fcntl.ioctl(target, termios.TIOCGWINSZ, b"\0" * 8)
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, size)
    return ours, theirs


def read(source: int) -> bytes:
    try:
        return os.read(source, BLOCK)
    except OSError:  # a terminal whose other end is closed: EIO
        return b""


def write(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]


def pass_on(child: subprocess.Popen[bytes], sources: dict[int, int], note: Note) -> None:
    """Until both ends are closed, or the child has ended and nothing is left: what it started may
    hold the ends open for longer."""
    while sources:
        ended = child.poll() is not None
        wait = 0.0 if ended else min(0.5, note.due())
        ready, _, _ = select.select(list(sources), [], [], wait)
        for source in ready:
            data = read(source)
            if data:
                write(sources[source], data)
                note.heard(data)
            else:
                del sources[source]
        if not ready:
            if ended:
                return
            note.perhaps()


class Note:
    """Says that the command goes on, where nothing was heard of it for long."""

    def __init__(self, what: str, before: int) -> None:
        self.what = what
        self.begin = time.monotonic() - before
        self.last = time.monotonic()
        self.in_line = False

    def due(self) -> float:
        return max(0.0, self.last + PATIENCE - time.monotonic())

    def heard(self, data: bytes) -> None:
        self.last = time.monotonic()
        self.in_line = not data.endswith(b"\n")

    def perhaps(self) -> None:
        if self.due() > 0:
            return
        self.last = time.monotonic()
        start = "\n" if self.in_line else ""
        self.in_line = False
        text = f"{start}[{self.last - self.begin:3.0f}s] {self.what}: goes on\n"
        write(1, text.encode())


def main() -> int:
    if len(sys.argv) < 4 or not sys.argv[2].isdigit():
        print("relay: WHAT SECONDS COMMAND... was expected", file=sys.stderr)
        return 2
    what, before, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    (out, out_theirs), (err, err_theirs) = channel(1), channel(2)
    try:
        child = subprocess.Popen(command, stdout=out_theirs, stderr=err_theirs)
    except OSError as error:
        print(f"relay: {command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # after the start: the child is to hear it
    os.close(out_theirs)
    os.close(err_theirs)
    try:
        pass_on(child, {out: 1, err: 2}, Note(what, before))
    except BrokenPipeError:  # nobody reads us any more; nor does anybody read the command
        os.close(out)
        os.close(err)
    status = child.wait()
    return status if status >= 0 else 128 - status


if __name__ == "__main__":
    sys.exit(main())
