"""compare.py: what the interpreters did otherwise than main: from events to data, and to text."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from hpystate.suite.recorder import OUTCOMES

Event = dict[str, Any]


@dataclass
class Run:
    """What one interpreter, or main, did."""

    tests: dict[str, tuple[str, str]] = field(default_factory=dict)  # outcome, message
    collectors: dict[str, tuple[str, str]] = field(default_factory=dict)  # those that did not pass
    refused: dict[str, str] = field(default_factory=dict)  # modules, with the ImportError
    running: str | None = None
    broke: str | None = None  # why pytest itself did not run
    status: int | None = None  # what pytest returned


def read_run(events: Iterable[Event]) -> Run:
    run = Run()
    for event in events:
        match event:
            case {"event": "begins", "test": test}:
                run.running = test
            case {"event": "ends"}:
                run.running = None
            case {"event": "ran", "test": test, "outcome": outcome, "message": message}:
                before = run.tests.get(test)
                if before is None or OUTCOMES.index(outcome) > OUTCOMES.index(before[0]):
                    run.tests[test] = outcome, message
            case {"event": "collected", "test": test, "outcome": outcome, "message": message}:
                run.collectors[test] = outcome, message
            case {"event": "refused", "module": module, "message": message}:
                run.refused.setdefault(module, message)
            case {"event": "broke", "message": message}:
                run.broke = run.broke or message
            case {"event": "over", "status": status}:
                run.status = status
    return run


@dataclass
class Difference:
    """A test, or a file that was not collected, and what it was where it differed."""

    test: str
    main: str
    interpreters: dict[int, str] = field(default_factory=dict)
    message: str = ""

    def add(self, number: int, outcome: str, message: str) -> None:
        self.interpreters[number] = outcome
        self.message = self.message or message


@dataclass
class Comparison:
    """count: of interpreters; tests: of those that main ran; end: how their process died, or ""."""

    count: int
    tests: int
    differences: list[Difference]
    refused: dict[str, tuple[str, list[int]]]  # by module: the ImportError, and who raised it
    broken: dict[int, str]  # interpreters in which pytest itself did not run, with the reason
    end: str
    trace: str  # what faulthandler wrote
    running: dict[int, str]  # the tests that were under way at the end of the process
    not_reached: int  # tests that an interpreter did not begin before the end

    @property
    def equal(self) -> bool:
        return not (self.differences or self.refused or self.broken or self.end)


def compare(
    main: Run,
    order: Sequence[str],
    loaded: Iterable[str],
    guests: Sequence[Run],
    end: str,
    trace: str,
) -> Comparison:
    """order: the tests that main ran; loaded: the extension modules that main has."""
    found = Comparison(len(guests), len(order), [], {}, {}, end, trace, {}, 0)
    rows: dict[str, Difference] = {}

    def differs(test: str, in_main: str, number: int, outcome: str, message: str) -> None:
        rows.setdefault(test, Difference(test, in_main)).add(number, outcome, message)

    missed: set[str] = set()
    for number, guest in enumerate(guests, start=1):
        for module in sorted(set(guest.refused) & set(loaded)):
            found.refused.setdefault(module, (guest.refused[module], []))[1].append(number)
        if guest.broke is not None:
            found.broken[number] = guest.broke
            continue
        if end and guest.running is not None:
            found.running[number] = guest.running
        for name, (outcome, message) in guest.collectors.items():
            if main.collectors.get(name, ("", ""))[0] != outcome:
                in_main = main.collectors.get(name, ("collected", ""))[0]
                differs(name, in_main, number, _not_collected(outcome), message)
        for test in order:
            in_main = main.tests[test][0]
            outcome, message = guest.tests.get(test, ("", ""))
            if end and guest.running == test:
                differs(test, in_main, number, "under way at the end of the process", end)
            elif outcome and outcome != in_main:
                differs(test, in_main, number, outcome, message)
            elif not outcome and end and guest.status is None:
                missed.add(test)
            elif not outcome and not _in_collector(test, guest.collectors):
                differs(
                    test, in_main, number, "not found", "the interpreter collected no such test"
                )
    found.differences = list(rows.values())
    found.not_reached = len(missed)
    return found


def _not_collected(outcome: str) -> str:
    return "skipped" if outcome == "skipped" else "not collected"


def _in_collector(test: str, collectors: Iterable[str]) -> bool:
    return any(not name or test.startswith((f"{name}::", f"{name}/")) for name in collectors)


# ---- text --------------------------------------------------------------------------------------


def lines_of(found: Comparison) -> list[str]:
    """What the terminal shows; the last line is the sum."""
    lines: list[str] = []
    for row in found.differences:
        lines.append(f"{row.test}: {row.main} in main, {_in_words(row, found.count)}")
        if row.message:
            lines.append(f"    {row.message}")
    for module, (message, numbers) in found.refused.items():
        lines.append(
            f"{module}: refused by {len(numbers)} of {found.count} interpreters: {message}. "
            f"Type: hpystate doctor {module}"
        )
    for reason in dict.fromkeys(found.broken.values()):
        numbers = [str(number) for number, why in found.broken.items() if why == reason]
        where = "interpreters" if len(numbers) > 1 else "interpreter"
        lines.append(f"pytest did not run in {where} {', '.join(numbers)}:")
        lines += _indented(reason)
    if found.end:
        lines.append(f"the process of the interpreters {found.end}")
        for number, test in found.running.items():
            lines.append(f"    interpreter {number} was in {test}")
        if not found.running:
            lines.append("    no test was under way")
        # faulthandler begins with the reason and the stack of the thread that crashed
        lines += _indented(found.trace[max(found.trace.find("Fatal Python error"), 0) :][:1000])
        if found.not_reached:
            lines.append(f"    tests that not every interpreter has run: {found.not_reached}")
    lines.append(summary(found))
    return lines


def _in_words(row: Difference, count: int) -> str:
    """ "failed in 3 of 8, skipped in 1 of 8" """
    outcomes = list(row.interpreters.values())
    kinds = dict.fromkeys(outcomes)
    return ", ".join(f"{kind} in {outcomes.count(kind)} of {count}" for kind in kinds)


def _indented(text: str) -> list[str]:
    return [f"    {line}" for line in text.strip().splitlines()[-20:]]


def summary(found: Comparison) -> str:
    parts = [f"{len(found.differences)} differed"]
    if found.refused:
        parts.append(f"{len(found.refused)} modules refused")
    if found.broken:
        parts.append(f"{len(found.broken)} interpreters did not run")
    if found.end:
        parts.append(f"the process {found.end}")
    return f"{found.count} interpreters, {found.tests} tests: {', '.join(parts)}"


def as_data(found: Comparison) -> dict[str, Any]:
    """For --interpreters-json."""
    return {
        "interpreters": found.count,
        "tests": found.tests,
        "equal": found.equal,
        "summary": summary(found),
        "differed": [
            {
                "test": row.test,
                "main": row.main,
                "interpreters": {str(number): word for number, word in row.interpreters.items()},
                "message": row.message,
            }
            for row in found.differences
        ],
        "refused": [
            {"module": module, "message": message, "interpreters": numbers}
            for module, (message, numbers) in found.refused.items()
        ],
        "did not run": {str(number): reason for number, reason in found.broken.items()},
        "end of the process": found.end,
        "running at the end": {str(number): test for number, test in found.running.items()},
        "not reached": found.not_reached,
    }
