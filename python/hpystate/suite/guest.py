"""guest.py: runs pytest in one of the interpreters. child.py calls main() there.

The streams of Python are files here: the process has one descriptor 1 and one 2 for all
interpreters. Events go to a file by one write() each, so they are there when the process dies.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import sys
import types
from typing import Any

#: What pytest imports and goes on without. CPython 3.12 initializes a module in every interpreter
#: before it refuses it there: with _decimal that is a double free, and `decimal` has a form in
#: Python. 3.13.0 aborts where a module is refused (docs/pool.md).
BLOCKED = ("readline", "_decimal") if sys.version_info < (3, 13) else ("readline",)


def prepare() -> None:
    """What pytest needs in an interpreter; before pytest is imported."""
    for name in BLOCKED:
        sys.modules[name] = None  # type: ignore[assignment]
    # pytest has a plugin that imports it and switches it on and off. It refuses subinterpreters;
    # there is one for the process, and child.py has switched it on.
    module: Any = types.ModuleType("faulthandler")
    module.is_enabled = lambda: False
    module.enable = module.disable = lambda *args, **kwargs: None
    module.dump_traceback_later = lambda *args, **kwargs: None
    module.cancel_dump_traceback_later = lambda: None
    sys.modules["faulthandler"] = module


class Guest:
    def __init__(self, number: int, folder: str, job: dict[str, Any], arrive: int, go: int) -> None:
        self.number = number
        self._job = job
        self._folder = folder
        self._arrive = arrive
        self._go = go
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        self._events = os.open(os.path.join(folder, f"events-{number}"), flags, 0o600)

    def emit(self, event: dict[str, Any]) -> None:
        os.write(self._events, json.dumps(event).encode() + b"\n")

    def wait(self, place: int) -> None:
        """Until child.py lets this interpreter run what is at `place`."""
        os.write(self._arrive, b"%d %d\n" % (self.number, place))
        os.read(self._go, 1)

    def watch_refusals(self, loader: Any, step: str) -> None:
        """A refused module may be caught by who imports it, which then takes a form in Python.
        CPython refuses when a module is made, some extensions when they are executed."""
        original = getattr(loader, step)

        def watched(loading: Any, what: Any) -> Any:  # a spec, or the module of one
            try:
                return original(loading, what)
            except ImportError as error:
                name = getattr(what, "__spec__", what).name
                self.emit({"event": "refused", "module": name, "message": str(error)})
                raise

        setattr(loader, step, watched)

    def run(self) -> None:
        import pytest

        import hpystate
        from hpystate import finder, pytest_interpreters
        from hpystate.suite.recorder import Recorder

        for loader in (importlib.machinery.ExtensionFileLoader, finder.HPyLoader):
            for step in ("create_module", "exec_module"):
                self.watch_refusals(loader, step)
        pytest_interpreters.inside = True
        hpystate.install()
        # The last of an option that is given twice counts.
        scratch = os.path.join(self._folder, f"{self.number}")
        arguments = [
            *self._job["arguments"],
            *("--capture=sys", "--maxfail=0", f"--basetemp={scratch}-temporary"),
            "--continue-on-collection-errors",
        ]
        if self._job["cache"]:  # without its plugin it is an unknown option, of which pytest warns
            arguments += ["-o", f"cache_dir={scratch}-cache"]
        recorder = Recorder(self.emit, self.wait, self._job["order"])
        # The module itself: by `-p NAME` pytest would warn that it is imported already, which is an
        # error in a suite that wants none. A `-p` of the user finds that it is registered.
        status = int(pytest.main(arguments, plugins=[pytest_interpreters, recorder]))
        self.emit({"event": "over", "status": status})


def main(number: int, folder: str, arrive: int, go: int) -> None:
    with open(os.path.join(folder, "job"), encoding="utf-8") as file:
        job = json.load(file)
    printed = os.path.join(folder, f"printed-{number}")
    sys.stdout = sys.stderr = open(printed, "w", encoding="utf-8")  # noqa: SIM115: until the end
    sys.argv = ["pytest", *job["arguments"]]
    prepare()
    guest = Guest(number, folder, job, arrive, go)
    try:
        guest.run()
    except BaseException as error:
        guest.emit({"event": "broke", "message": f"{type(error).__name__}: {error}"})
    sys.stdout.flush()
