"""parent.py: main's side: records main's run, then has the interpreters do the same.

They run in a process of their own, so main's results are safe from a crash. What they did is in
files of a temporary folder: `job` is for them; `events-K` and `printed-K` are of interpreter K.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from typing import Any

import pytest

from hpystate.suite.compare import Comparison, Run, as_data, compare, lines_of, read_run
from hpystate.suite.recorder import Recorder

#: How long the interpreters may take, if the user does not tell: this, and so often what main took
#: for each interpreter.
SECONDS = 120
TIMES = 10


class Parent:
    """A plugin of main's pytest."""

    def __init__(self, config: pytest.Config, path: list[str]) -> None:
        self._config = config
        self._path = path
        self._count: int = config.getoption("interpreters")
        self._events: list[dict[str, Any]] = []
        self._began = time.monotonic()
        self._found: Comparison | None = None
        config.pluginmanager.register(Recorder(self._events.append), "hpystate-recorder")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        main = read_run(self._events)
        can_compare = session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED)
        if not can_compare or not main.tests:
            return
        found = self._found = self._run(main)
        target = self._config.getoption("interpreters_json")
        if target:
            with open(target, "w", encoding="utf-8") as file:
                json.dump(as_data(found), file, indent=1)
                file.write("\n")
        if not found.equal:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self._found is None:
            text = f"{self._count} interpreters: not started, since main's run has no result"
            terminalreporter.write_line(text, yellow=True)
            return
        title = f"{self._count} interpreters beside main"
        terminalreporter.section(title)
        *lines, last = lines_of(self._found)
        for line in lines:
            terminalreporter.write_line(line)
        terminalreporter.write_line(last, green=self._found.equal, red=not self._found.equal)

    def _run(self, main: Run) -> Comparison:
        order = list(main.tests)
        took = time.monotonic() - self._began
        seconds = self._config.getoption("interpreters_timeout")
        if seconds is None:
            seconds = SECONDS + TIMES * self._count * took
        reporter = self._config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line("")
            reporter.write(f"the same {len(order)} tests in {self._count} interpreters ...")
        with tempfile.TemporaryDirectory(
            prefix="hpystate-suite-", ignore_cleanup_errors=True
        ) as folder:
            job = {
                "interpreters": self._count,
                "pace": self._config.getoption("interpreters_pace"),
                "order": order,
                "seconds": seconds,
                "cache": self._config.pluginmanager.hasplugin("cacheprovider"),
                "arguments": [
                    *map(str, self._config.invocation_params.args),
                    *self._overrides(folder),
                ],
            }
            with open(os.path.join(folder, "job"), "w", encoding="utf-8") as file:
                json.dump(job, file)
            end = self._run_child(folder, seconds)
            guests = [self._read(folder, number) for number in range(self._count)]
            if not end and any(guest.status is None and guest.broke is None for guest in guests):
                end = "ended with status 0 before its tests were over"
            trace = _text(folder, "trace") if end else ""
        return compare(main, order, _extension_modules(), guests, end, trace)

    def _overrides(self, folder: str) -> list[str]:
        """Options of other plugins that write where main wrote, or need the main interpreter."""
        made = []
        if self._config.getoption("xmlpath", None):
            made.append(f"--junit-xml={os.path.join(folder, 'junit.xml')}")
        if self._config.pluginmanager.hasplugin("timeout"):
            made.append("--timeout-method=thread")  # a signal is for the main interpreter
        return made

    def _run_child(self, folder: str, seconds: float) -> str:
        """How the process ended; "" if well."""
        reading, writing = os.pipe()  # tells the process that main is alive
        try:
            return self._wait_for_child(folder, seconds, reading)
        finally:
            os.close(reading)
            os.close(writing)

    def _wait_for_child(self, folder: str, seconds: float, reading: int) -> str:
        command = [
            sys.executable,
            *subprocess._args_from_interpreter_flags(),  # type: ignore[attr-defined]
            "-c",
            f"import sys; sys.path[:] = {self._path!r}\n"
            f"from hpystate.suite.child import start; start({folder!r}, {reading})",
        ]
        with open(os.path.join(folder, "trace"), "wb") as trace:
            child = subprocess.Popen(
                command,
                cwd=self._config.invocation_params.dir,
                stdin=subprocess.DEVNULL,
                pass_fds=(reading,),
                stdout=trace,
                stderr=trace,
                start_new_session=True,  # Ctrl-C is for main alone, which ends the whole group
            )
            try:
                status = child.wait(seconds)
            except subprocess.TimeoutExpired:
                return f"was ended after {seconds:.0f} seconds (--interpreters-timeout)"
            finally:
                if child.returncode is None:  # so its number is still its own
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
        if status < 0:
            names = {each.value: each.name for each in signal.Signals}
            return f"died of {names.get(-status, f'signal {-status}')}"
        return f"ended with status {status}" if status else ""

    def _read(self, folder: str, number: int) -> Run:
        run = read_run(_events(_text(folder, f"events-{number}")))
        good = {None, pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED}
        if run.collectors:  # files that were skipped may leave no test
            good.add(pytest.ExitCode.NO_TESTS_COLLECTED)
        if run.status not in good and run.broke is None:
            run.broke = _text(folder, f"printed-{number}") or f"it returned {run.status}"
        return run


def _text(folder: str, name: str) -> str:
    """A file that the process wrote; it may have died before."""
    try:
        with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def _events(text: str) -> Iterator[dict[str, Any]]:
    *lines, _ = text.split("\n")  # the process may have died within the last one
    yield from map(json.loads, lines)


def _extension_modules() -> set[str]:
    """What is loaded here from shared objects, but for CPython's own modules."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    found = set()
    for name, module in list(sys.modules.items()):
        path = getattr(module, "__file__", None)
        ours = name.partition(".")[0] not in sys.stdlib_module_names
        if ours and isinstance(path, str) and path.endswith((*suffixes, ".so")):
            found.add(name)
    return found
