"""found.py: what was measured for a row, and whether it meets its bars."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

from rows import Bar, Row


@dataclass(frozen=True)
class Ratio:
    """A side against the last of its row: the median over the pairs, and the quartiles."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Found:
    row: Row
    instructions: dict[str, float]
    seconds: dict[str, list[float]]

    def ratio(self, side: str, against: str) -> Ratio:
        pairs = zip(self.seconds[side], self.seconds[against], strict=True)
        ratios = [a / b for a, b in pairs]
        low, median, high = statistics.quantiles(ratios, n=4)
        return Ratio(median, low, high)


@dataclass(frozen=True)
class Verdict:
    row: Row
    bar: Bar
    value: float

    @property
    def met(self) -> bool:
        return self.value <= self.bar.limit

    def __str__(self) -> str:
        side = self.bar.of or next(iter(self.row.sides))
        against = f" against {self.bar.side}" if self.bar.side else ""
        number = f"{self.value:.2f}" if self.bar.side else f"{self.value:.0f}"
        return (
            f"{self.row.title}, {self.row.group}: {side}{against}, {self.bar.measure}: {number}; "
            f"bar {self.bar.limit:g}: {'met' if self.met else 'MISSED'}"
        )


def summary(verdicts: list[Verdict]) -> str:
    """The last words of a run."""
    missed = [verdict for verdict in verdicts if not verdict.met]
    if not missed:
        return f"all {len(verdicts)} bars are met"
    return "\n".join(
        [f"{len(missed)} of {len(verdicts)} bars are missed:", *(f"  {each}" for each in missed)]
    )


def exit_status(verdicts: list[Verdict], strict: bool) -> int:
    """1 where a bar is missed and `strict` makes that an error."""
    return int(strict and not all(verdict.met for verdict in verdicts))
