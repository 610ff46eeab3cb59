"""out_of_memory.py: makes a module with the n-th allocation failing, for n = 1, 2, ...

    out_of_memory.py FILE MODE      in a process with failing_malloc.so before malloc

Prints one JSON line: how many allocations a clean run takes, what came of the failing ones, and
what grew. Each n runs three times: what the first run leaves in caches it may keep; between the
second and the third nothing may grow.
"""

from __future__ import annotations

import ctypes
import gc
import json
import sys
from array import array
from collections import Counter

import hpystate
from hpystate import _native
from hpystate.finder import spec_of

LIBRARY = ctypes.CDLL(None)
fail_at = LIBRARY.fail_at
fail_at.argtypes = [ctypes.c_long]
taken = LIBRARY.taken
taken.restype = ctypes.c_long
live = LIBRARY.live
live.restype = ctypes.c_long


def attempt(file: str, mode: str, n: int) -> tuple[str, int]:
    """Makes the module with the n-th allocation failing: what it raised, how many there were."""
    outcome = "made"
    module = None
    spec = spec_of("faulty", file, mode)
    try:
        fail_at(n)  # ctypes itself takes the first few
        module = _native.create("faulty", file, spec, mode, None)
        _native.execute(module)
    except BaseException as error:
        count = taken()
        outcome = type(error).__name__
        if not isinstance(error, MemoryError):
            outcome += f": {error} <- {error.__context__!r}"
    else:
        count = taken()
        use(module)
    del module
    return outcome, count


def use(module: object) -> None:
    """A module that was made must be whole."""
    thing = module.Thing(20)
    assert module.twice(21) == 42
    assert thing.number == 20
    assert thing.half == 10.0
    assert module.kept() == "kept"


def main(file: str, mode: str) -> None:
    hpystate.load("faulty", file, mode=mode)  # the file is open, its definitions are interned
    _native._debug.set_closed_handles_queue_max_size(8)  # debug mode keeps so many records
    _, clean = attempt(file, mode, 0)
    outcomes: Counter[str] = Counter()
    growth = {}
    blocks = array("q", [0, 0])  # numbers that take no block of their own
    for n in range(1, clean + 20):
        attempt(file, mode, n)
        outcome, _ = attempt(file, mode, n)
        gc.collect()
        before = _native.state()
        blocks[0] = live()
        attempt(file, mode, n)
        gc.collect()
        blocks[1] = live()
        outcomes[outcome] += 1
        if blocks[1] > blocks[0] or _native.state() != before:
            growth[n] = [outcome, blocks[1] - blocks[0]]
    print(json.dumps({"clean": clean, "outcomes": outcomes, "growth": growth}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
