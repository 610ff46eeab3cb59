"""conftest.py: what every pytest of the project shares."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

import hpystate
from hpystate.testing import Interpreter
from tests.upstream import leaks


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under AddressSanitizer (tools/setup.sh sanitize): what our code has lost is a failure."""
    if os.environ.get("HPYSTATE_SANITIZED") != "asan":
        return
    for report in leaks.find():
        print(f"\nleaked by hpystate:\n{report}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# What runs without the GIL is tested without it: none of the extensions in here says that it may.
# tests/loader/test_gil.py takes this back.
os.environ.setdefault("HPYSTATE_GIL", "*=off")


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    """The finder is there in every test and gone after it."""
    hpystate.install()
    yield
    hpystate.uninstall()


@pytest.fixture(params=["own", "shared"])
def interpreter(request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    """A subinterpreter, with a GIL of its own and without."""
    with Interpreter(gil=request.param) as made:
        yield made


Child = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def child() -> Child:
    """Runs a script in a process of its own, which may crash; 60 seconds at most."""

    def run(script: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-X", "faulthandler", "-c", script, *arguments]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)

    return run
