"""cli/progress.py: a line on the terminal while something takes more than two seconds."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BEFORE_THE_FIRST = 2.0


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """Shows `what` and the seconds that have passed on stderr, from the third second on, and
    removes the line at the end. Where stderr is not a terminal it writes nothing."""
    stream = sys.stderr
    if stream is None or not stream.isatty():
        yield
        return
    ended = threading.Event()

    def show() -> None:
        begin = time.monotonic()
        pause = BEFORE_THE_FIRST
        while not ended.wait(pause):
            pause = 1.0
            stream.write(f"\r{what}: {time.monotonic() - begin:.0f} s\033[K")
            stream.flush()
        if pause != BEFORE_THE_FIRST:
            stream.write("\r\033[K")
            stream.flush()

    thread = threading.Thread(target=show, name="hpystate progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
