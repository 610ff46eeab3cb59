"""pool_tasks.py: what the workers of bench/pool.py import and run."""

from __future__ import annotations

import os
import sys
import time

import hpystate


def begin_work(folder: str) -> None:
    """The extension that the demo uses; its own values in this interpreter or process."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
    hpystate.install()
    import atlas

    atlas.start(*_tag())


def _tag() -> tuple[int, int]:
    """Of this interpreter and process. Never of interpreter 0: a tag that fits into one digit of
    an int costs 7 % fewer instructions, and only the processes would have it."""
    from hpystate import _native

    return 1 + _native.state()["interpreter"], os.getpid() & 0xFFFF


def work(begin: float, end: float) -> tuple[int, int]:
    """Calls of atlas.work between two times; the loads that were wrong."""
    import atlas

    tag, calls, wrong = _tag(), 0, 0
    while time.monotonic() < begin:
        pass
    while time.monotonic() < end:
        wrong += atlas.work(200, *tag)[1]
        calls += 200
    return calls, wrong


def hold(seconds: float) -> int:
    time.sleep(seconds)
    return os.getpid()
