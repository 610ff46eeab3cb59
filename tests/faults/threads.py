"""threads.py FILE FRAMES: functions of the module faulty_debug in debug mode, each try in a new
thread, with all allocations failing from the n-th on.

FRAMES is how many frames a handle keeps of where it was made.

A thread that throws for the first time needs memory for that; where there is none, glibc ends the
process. So whatever allocates in C++ must have asked before: globals/throwing.h.
"""

from __future__ import annotations

import json
import sys
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

from outcome import outcome_of
from sweep import BEYOND

import hpystate
from hpystate import _native, debug


def in_new_thread(action: Callable[[], Any], n: int) -> tuple[str, int]:
    found: list[tuple[str, int, Any]] = []
    thread = threading.Thread(target=lambda: found.append(outcome_of(action, n, 2)))
    thread.start()
    thread.join()
    outcome, count, _ = found[0]
    return outcome, count


def sweep_threads(action: Callable[[], Any]) -> dict[str, Any]:
    """As sweep.py's, without looking for what is lost: a thread leaves blocks of its own."""
    _, clean = in_new_thread(action, 0)
    outcomes: Counter[str] = Counter()
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        outcome, _ = in_new_thread(action, n)
        outcomes[outcome] += 1
        harmless = harmless + 1 if outcome == "made" else 0
    return {"clean": clean, "last": n, "outcomes": outcomes, "growth": {}}


def main(file: str, frames: int) -> None:
    module = hpystate.load("faulty_debug", file, mode="debug")
    debug.set_on_misuse(lambda kind, text: None)  # a misuse is reported, and the program goes on
    module.prepare()
    _native._debug.set_closed_handles_queue_max_size(0)  # no record is used again
    debug.set_handle_stack_trace_limit(frames)
    names = [name for name in dir(module) if name.startswith("try_")]
    print(json.dumps({name: sweep_threads(getattr(module, name)) for name in names}))


if __name__ == "__main__":
    sys.unraisablehook = lambda _: None  # a hook may fail for want of memory
    main(sys.argv[1], int(sys.argv[2]))
