"""expectations.py: a pytest plugin: chooses ABIs, skips what cannot pass, reports each test.

The list of skips is strict, so it cannot grow old: a name that no test has is an error.
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from guest import kind_here
from suite import left_out

RELEASE = os.environ["HPYSTATE_SUITE_RELEASE"]
#: Tests that cannot pass on a correct runtime, each with the reason, which is in the test.
SKIPPED = {
    (entry.name, entry.abi): entry.reason for entry in left_out(RELEASE) if entry.kind == "test"
}


def abi_of(item: pytest.Item) -> str:
    """The ABI that a test runs with; "other" for one without."""
    callspec = getattr(item, "callspec", None)
    if callspec is not None and "hpy_abi" in callspec.params:
        return str(callspec.params["hpy_abi"])
    folder = item.path.parent.name
    if folder in ("debug", "trace"):
        return folder
    return "universal" if "hpy_abi" in getattr(item, "fixturenames", ()) else "other"


def _name(item: pytest.Item) -> str:
    return item.nodeid.removeprefix("test/").partition("[")[0]


@pytest.hookimpl(tryfirst=True)  # before --deselect, by which tests of a crashed process go
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    wanted = os.environ["HPYSTATE_SUITE_ABIS"].split(",")
    there = {(_name(item), abi) for item in items for abi in (None, abi_of(item))}
    files = {name.partition("::")[0] for name, _ in there}
    gone = [key for key in SKIPPED if key[0].partition("::")[0] in files and key not in there]
    if gone and not config.getoption("keyword") and not any("::" in a for a in config.args):
        raise pytest.UsageError(f"left_out.toml names tests that are not there: {gone}")
    chosen, left = [], []
    for item in items:
        (chosen if abi_of(item) in wanted else left).append(item)
        reason = SKIPPED.get((_name(item), None)) or SKIPPED.get((_name(item), abi_of(item)))
        if reason is not None:
            item.add_marker(pytest.mark.skip(reason=reason))
    config.hook.pytest_deselected(items=left)
    items[:] = chosen


class Reporter:
    """Writes one JSON line when a test starts and one when it ended."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.abis: dict[str, str] = {}
        self.outcome: dict[str, str] = {}
        self.reason: dict[str, str] = {}

    def _write(self, **fields: str) -> None:
        os.write(self.pipe, json.dumps(fields).encode() + b"\n")

    def pytest_sessionstart(self) -> None:
        self._write(event="session", kind=kind_here())

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.abis = {item.nodeid: abi_of(item) for item in session.items}

    def pytest_runtest_logstart(self, nodeid: str, location: Any) -> None:
        self._write(event="start", test=nodeid, abi=self.abis[nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        worst = self.outcome.get(report.nodeid)
        if worst is None or report.outcome == "failed" or worst == "passed":
            self.outcome[report.nodeid] = report.outcome
        if report.failed:
            self.reason[report.nodeid] = report.longreprtext[-4000:]
        elif report.skipped and isinstance(report.longrepr, tuple):
            self.reason[report.nodeid] = str(report.longrepr[2]).removeprefix("Skipped: ")

    def pytest_runtest_logfinish(self, nodeid: str, location: Any) -> None:
        self._write(
            event="end",
            test=nodeid,
            abi=self.abis[nodeid],
            outcome=self.outcome.pop(nodeid),
            reason=self.reason.pop(nodeid, ""),
        )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Reporter(int(os.environ["HPYSTATE_SUITE_PIPE"])))
