"""calls.py FILE LASTING [MODE FUNCTION]: each function of the module faulty_calls, or one in a
layer's mode, with each allocation failing.

The functions are tests/faults/test_out_of_memory.py's: one for every function of the context that
allocates on its own account, C++ memory or several objects in a row.
"""

from __future__ import annotations

import json
import sys
from types import ModuleType
from typing import Any

from outcome import outcome_of
from sweep import BEYOND, sweep

import hpystate
from hpystate import _native


def stores(module: ModuleType) -> dict[str, Any]:
    """Stores into globals that nobody listed and that share an entry of the window: each n has two
    of its own, since what is registered stays. A failed store changes nothing. Without the GIL each
    global's first value stays its own, which the runtime counts."""
    value = object()
    references = sys.getrefcount(value) - _native.state()["kept"]
    outcomes: dict[str, int] = {}
    growth = {}
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        before = _native.state()["values"]
        outcome, count, _ = outcome_of(lambda at=n: module.store(at, value), n)
        kept = module.load(n)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        harmless = harmless + 1 if outcome == "made" else 0
        module.forget(n)
        module.store(n, value)  # with memory
        if module.load(n) != (value, value) or None not in kept and outcome != "made":
            growth[n] = [outcome, repr(kept)]
        kept = module.forget(n)
        state = _native.state()
        if sys.getrefcount(value) != references + state["kept"] or state["values"] != before:
            growth[n] = [outcome, "references"]
    return {"clean": count, "last": n, "outcomes": outcomes, "growth": growth}


def in_mode(file: str, lasting: bool, mode: str, name: str) -> dict[str, Any]:
    module = hpystate.load("faulty_calls", file, mode=mode)
    _native._debug.set_closed_handles_queue_max_size(8)  # debug mode keeps so many records
    return sweep(getattr(module, name), lasting=lasting)


def everything(file: str, lasting: bool) -> dict[str, Any]:
    module = hpystate.load("faulty_calls", file)
    module.prepare()
    names = [name for name in dir(module) if name.startswith("try_")]
    found = {name: sweep(getattr(module, name), lasting=lasting) for name in names}
    found["stores"] = stores(module)
    return found


if __name__ == "__main__":
    path, lasts, *layer = sys.argv[1:]
    which = in_mode if layer else everything
    print(json.dumps(which(path, lasts == "lasting", *layer)))
