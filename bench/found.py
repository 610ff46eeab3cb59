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

    def nanoseconds_more(self, side: str, than: str) -> float:
        """The median over the pairs."""
        pairs = zip(self.seconds[side], self.seconds[than], strict=True)
        return 1e9 * statistics.median(a - b for a, b in pairs)


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
        what = {"time": "ns more", "instructions": "more instructions"}
        measure = what[self.bar.measure] if self.bar.more else self.bar.measure
        return (
            f"{self.row.title}, {self.row.group}: {side}{against}, {measure}: {number}; "
            f"bar {self.bar.limit:g}: {'met' if self.met else 'MISSED'}"
        )


def judge(found: Found) -> list[Verdict]:
    """The bars of a row, without those of a peer that this Python has not, and of a measure that
    was not wanted."""
    verdicts = []
    for bar in found.row.bars:
        side = bar.of or next(iter(found.row.sides))
        measured = found.seconds if bar.measure == "time" else found.instructions
        if side not in measured or (bar.side is not None and bar.side not in measured):
            continue
        if bar.side is None:
            value = found.instructions[side]
        elif bar.more and bar.measure == "instructions":
            value = found.instructions[side] - found.instructions[bar.side]
        elif bar.more:
            value = found.nanoseconds_more(side, bar.side)
        elif bar.measure == "instructions":
            value = found.instructions[side] / found.instructions[bar.side]
        else:
            value = found.ratio(side, bar.side).median
        verdicts.append(Verdict(found.row, bar, value))
    return verdicts


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
