"""progress.py: with workers, what runs is said when no test has ended for a while.

The process that starts pytest-xdist's workers runs no test itself, so it may have a thread.
"""

from __future__ import annotations

import os
import threading
import time

import pytest

SECONDS = 10  # without a sign of life


class Progress:
    """Registered where workers are started; writes whole lines to the process's stderr."""

    def __init__(self) -> None:
        self._out = os.dup(2)  # pytest may put something else there
        self._begin = self._last = time.monotonic()
        self._lock = threading.Lock()  # the three below and above, of both threads
        self._running: dict[str, float] = {}
        self._begun = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._over.wait(1):
            now = time.monotonic()
            with self._lock:
                if now - self._last < SECONDS:
                    continue
                self._last = now
                text = self._text(now)
            os.write(self._out, text.encode())

    def _text(self, now: float) -> str:
        since = f"\n[{now - self._begin:3.0f}s] "
        if not self._begun:
            return since + "collecting the tests\n"
        tests = [f"{test} ({now - begun:.0f} s)" for test, begun in self._running.items()]
        return (
            since + "still running: " + (", ".join(tests) or "nothing; waiting for workers") + "\n"
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        with self._lock:
            self._begun = True
            self._running[nodeid] = time.monotonic()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        with self._lock:
            if report.when == "call" or not report.passed:  # a dot means one of these
                self._last = time.monotonic()
            if report.when == "teardown" or report.failed:
                self._running.pop(report.nodeid, None)

    def pytest_unconfigure(self) -> None:
        self._over.set()
        self._thread.join()
        os.close(self._out)
