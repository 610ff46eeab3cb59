"""growth.py: by how much the memory of a process grows with each interpreter."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def growth_of(memory: Sequence[tuple[int, float]]) -> float | None:
    """Bytes an interpreter, of (interpreters so far, bytes): the slope from a quarter of the run
    on, since what is made once was made by then. None: too few to tell."""
    last = memory[-1][0] if memory else 0
    later = [each for each in memory if each[0] >= last / 4]
    if last < 40 or len(later) < 3:
        return None
    return statistics.linear_regression([n for n, _ in later], [size for _, size in later]).slope
