"""sweep.py: does something with the n-th allocation failing, for n = 1, 2, ...

For scripts of a process with failing_malloc.so before malloc, and fault_control in sys.path.

Each n runs several times: what the first run leaves in caches it may keep; after that nothing may
grow, no block and no number of the runtime's state.
"""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from collections.abc import Callable
from typing import Any

import fault_control
from outcome import outcome_of
from spared import spare_what_cpython_gets_wrong

from hpystate import _native

spare_what_cpython_gets_wrong()

#: A sweep ends when so many n in a row change nothing: what no memory is missing for may fail
#: without harm, so the first that is made is not the end.
BEYOND = 10


#: Now and then CPython keeps a block more (a table that grows); what is lost is lost each time.
REPEATED = 4


def growth_of(action: Callable[[], Any]) -> int:
    """The blocks that `action` leaves each time."""
    blocks = array("q", [0, 0])  # numbers that take no block of their own
    least = sys.maxsize
    for _ in range(REPEATED):
        blocks[0] = fault_control.live()
        action()
        blocks[1] = fault_control.live()
        least = min(least, blocks[1] - blocks[0])
        if least <= 0:
            break
    return least


def sweep(
    action: Callable[[], Any],
    check: Callable[[Any], None] = lambda result: None,
    *,
    lasting: bool = False,
) -> dict[str, Any]:
    """Runs `action` with each allocation failing; `check` looks at what a run has made.

    Returns "clean": the allocations of a run where none fails; "last": the last n; "outcomes": how
    many n had which outcome; "growth": n -> outcome and blocks, where something stayed.
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
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        attempt(n)
        outcome, _ = attempt(n)
        before = _native.state()
        grown = growth_of(lambda at=n: attempt(at))
        outcomes[outcome] += 1
        harmless = harmless + 1 if outcome == "made" else 0
        if grown > 0 or _native.state() != before:
            growth[n] = [outcome, grown]
    return {"clean": clean, "last": n, "outcomes": outcomes, "growth": growth}
