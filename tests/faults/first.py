"""first.py FILE: loads a file for the first time in a process, with each allocation failing.

Every n has a process of its own, forked here, so everything is done for the first time: opening
the file, registering its globals, interning its definitions. Afterwards the process loads the file
again, twice, with memory. What is live then, less what is live where nothing failed, was lost.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections import Counter

import fault_control
from module import use
from outcome import outcome_of
from sweep import BEYOND

import hpystate
from hpystate import _native
from hpystate.finder import spec_of


def child(file: str, n: int) -> dict:
    spec = spec_of("faulty", file, "universal")
    start = fault_control.live()

    def make() -> None:
        opened, _ = _native.inspect("faulty", file)
        _native.execute(_native.create(opened, spec, "universal", None))

    outcome, count, _ = outcome_of(make, n)
    for _ in range(3):
        use(hpystate.load("faulty", file))
    grown = fault_control.live() - start
    return {"outcome": outcome, "count": count, "state": _native.state(), "grown": grown}


def forked(file: str, n: int) -> dict | None:
    """What the child found; None: it crashed."""
    read_end, write_end = os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            with os.fdopen(write_end, "w") as pipe:
                json.dump(child(file, n), pipe)
            status = 0
        finally:
            os._exit(status)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        found = pipe.read()
    _, status = os.waitpid(process, 0)
    return json.loads(found) if status == 0 else None


def main(file: str) -> None:
    for _ in range(3):  # what a first exception leaves behind is not a loss
        with contextlib.suppress(hpystate.LoadError):
            hpystate.load("missing", "missing.hpy0.so")
        with contextlib.suppress(MemoryError):
            bytearray(sys.maxsize)
    good = forked(file, 0)
    assert good is not None, "the file cannot be loaded at all"
    found: dict[int, dict] = {}
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        found[n] = forked(file, n) or {"outcome": "crashed", "grown": 0, "state": None}
        harmless = harmless + 1 if found[n]["outcome"] == "made" else 0
    # What was done for the first time stays; a block more or less depends on hashes.
    usual = max(run["grown"] for run in found.values() if run["outcome"] == "made")
    growth = {}
    for n, run in found.items():
        more = [run["grown"] > usual and (forked(file, n) or run)["grown"] > usual for _ in "123"]
        if all(more) or run["state"] != good["state"]:
            growth[n] = [run, usual]
    outcomes = Counter(run["outcome"] for run in found.values())
    last = max(found)
    print(
        json.dumps({"clean": good["count"], "last": last, "outcomes": outcomes, "growth": growth})
    )


if __name__ == "__main__":
    main(sys.argv[1])
