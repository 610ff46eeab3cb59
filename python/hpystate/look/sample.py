"""sample.py: counts of all interpreters, again and again, while something runs: `hpystate top`.

A sample is plain data: seconds since the begin, resident_bytes of the process, and a row for each
interpreter. Taking one needs the GIL of the interpreter that the thread is in, and stops no other.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import Any

from hpystate import _native
from hpystate.look.read import WINDOW_PAGE

COLUMNS = ("interpreter", "modules", "slots", "values", "window_bytes")


def resident_bytes() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Sampler:
    """Calls `show` with a sample at once, each `interval` seconds, and at the end of the `with`
    block: on a thread of its own but for the last one. What `show` raises ends the samples and is
    raised at the end of the block, unless the block raised."""

    def __init__(self, show: Callable[[dict[str, Any]], object], interval: float) -> None:
        self._show = show
        self._interval = interval
        self._begin = time.monotonic()
        self._modules: dict[int, str | None] = {}
        self._ended = threading.Event()
        #: Written by the thread before it ends, read when it has been joined.
        self._error: Exception | None = None
        self._process = os.getpid()
        self._thread = threading.Thread(target=self._run, name="hpystate top", daemon=True)

    def sample(self) -> dict[str, Any]:
        rows = [
            {
                "interpreter": identity,
                "modules": len({self._module_of(slot) for slot in slots} - {None}),
                "slots": len(slots),
                "values": sum(slots.values()),
                "window_bytes": pages * WINDOW_PAGE,
            }
            for identity, _, phase, pages, slots in _native.regions()
            if phase == "live"
        ]
        return {
            "seconds": round(time.monotonic() - self._begin, 3),
            "resident_bytes": resident_bytes(),
            "interpreters": sorted(rows, key=lambda row: row["interpreter"]),
        }

    def _module_of(self, slot: int) -> str | None:
        if slot not in self._modules:  # slots() reads the symbols of files, so not each time
            self._modules = {each: found[0] for each, found in _native.slots().items()}
        return self._modules.get(slot)

    def _run(self) -> None:
        try:
            self._show(self.sample())
            while not self._ended.wait(self._interval):
                self._show(self.sample())
        except Exception as error:
            self._error = error

    def __enter__(self) -> Sampler:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if os.getpid() != self._process:
            return  # a fork of the script, which has no such thread
        self._ended.set()
        self._thread.join()
        if self._error is None:
            self._show(self.sample())
        elif kind is None:
            raise self._error
