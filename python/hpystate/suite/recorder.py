"""recorder.py: a plugin that records a run of pytest as a list of events, test by test.

The same class runs in main and in the interpreters, so both sides have the same words. An event is
a dict of plain data. Whoever reads them must expect that the last one is missing: a process may
die at any place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import pytest

Emit = Callable[[dict[str, Any]], None]

#: From the best to the worst: a test has the worst of its phases.
OUTCOMES = ("passed", "xpassed", "xfailed", "skipped", "failed", "error")
#: Before the tests are collected.
FIRST = -1
LONGEST = 300  # characters of a message


class Recorder:
    """Passes events to `emit`.

    wait   called with the place of what comes next, before it begins: FIRST, or that of a test
    order  the ids of the tests to run, in order; others are left out. None: all
    """

    def __init__(
        self,
        emit: Emit,
        wait: Callable[[int], None] | None = None,
        order: Sequence[str] | None = None,
    ) -> None:
        self._emit = emit
        self._wait = wait or (lambda place: None)
        self._places = None if order is None else {name: at for at, name in enumerate(order)}

    def pytest_collection(self) -> None:
        self._wait(FIRST)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        places = self._places
        if places is not None:
            items[:] = [item for item in items if item.nodeid in places]
            items.sort(key=lambda item: places[item.nodeid])

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome != "passed":
            self._tell("collected", report.nodeid, _outcome(report), _message(report))

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        if self._places is not None:
            self._wait(self._places[nodeid])
        self._emit({"event": "begins", "test": nodeid})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._tell("ran", report.nodeid, _outcome(report), _message(report))

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._emit({"event": "ends", "test": nodeid})

    def pytest_internalerror(self, excrepr: object) -> None:
        self._emit({"event": "broke", "message": str(excrepr)[-LONGEST:]})

    def _tell(self, event: str, test: str, outcome: str, message: str) -> None:
        self._emit({"event": event, "test": test, "outcome": outcome, "message": message})


def _outcome(report: pytest.CollectReport | pytest.TestReport) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.outcome == "skipped" else "xpassed"
    during_the_test = isinstance(report, pytest.TestReport) and report.when == "call"
    if report.outcome == "failed" and not during_the_test:
        return "error"
    return report.outcome


def _message(report: pytest.CollectReport | pytest.TestReport) -> str:
    """The line of the report that tells most: what was raised, or why the test was skipped."""
    where = report.longrepr
    if where is None:
        return ""
    if isinstance(where, tuple):  # of a skip: file, line, reason
        return str(where[2])[:LONGEST]
    crash = getattr(where, "reprcrash", None)
    if crash is not None:
        return str(crash.message).partition("\n")[0][:LONGEST]
    # "E   ImportError: ..." in what a collector printed; else the last line
    lines = [line for line in str(where).splitlines() if line.strip()]
    raised = [line[1:].strip() for line in lines if re.match(r"E\s+\S", line)]
    return (raised or lines or [""])[-1][:LONGEST]
