"""sweep.py: does something with the n-th allocation failing, for n = 1, 2, ...

For scripts of a process with failing_malloc.so before malloc, and fault_control in sys.path.

Each n runs three times: what the first run leaves in caches it may keep; between the second and
the third nothing may grow, no block and no number of the runtime's state.
"""

from __future__ import annotations

import gc
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any

import fault_control
from outcome import outcome_of

from hpystate import _native

#: A sweep ends when so many n in a row come to nothing: what no memory is missing for may fail
#: without harm, so the first that is made is not the end.
BEYOND = 10


def sweep(
    action: Callable[[], Any],
    check: Callable[[Any], None] = lambda result: None,
    *,
    lasting: bool = False,
) -> dict[str, Any]:
    """Runs `action` with each allocation failing; `check` looks at what a run has made.

    Returns "clean": the allocations of a run where none fails; "last": the last n; "outcomes": how
    many n came to what; "growth": n -> outcome and blocks, where something stayed.
    """

    def attempt(n: int) -> tuple[str, int]:
        outcome, count, result = outcome_of(action, n, lasting)
        if outcome == "made":
            check(result)
        return outcome, count

    attempt(0)
    _, clean = attempt(0)
    outcomes: Counter[str] = Counter()
    growth = {}
    blocks = array("q", [0, 0])  # numbers that take no block of their own
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        attempt(n)
        outcome, _ = attempt(n)
        gc.collect()
        before = _native.state()
        blocks[0] = fault_control.live()
        attempt(n)
        gc.collect()
        blocks[1] = fault_control.live()
        outcomes[outcome] += 1
        harmless = harmless + 1 if outcome == "made" else 0
        if blocks[1] > blocks[0] or _native.state() != before:
            growth[n] = [outcome, blocks[1] - blocks[0]]
    return {"clean": clean, "last": n, "outcomes": outcomes, "growth": growth}
