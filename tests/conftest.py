"""conftest.py: what every pytest of the project shares."""

from __future__ import annotations

import functools
import gc
import os
import subprocess
import sys
import sysconfig
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import Interpreter
from tests.limits import limits
from tests.upstream import leaks


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(limits, "hpystate-limits")


#: Files and folders whose tests are the same with every Python: of tools, documents, lists and
#: compilers, or of C++ code that sees no Python.h. They get the mark `once`: `make test` runs them,
#: `make test-version` does not. tests/tools/test_ci.py checks that a row of .ci/run has all tests.
ONCE = (
    "abi/test_broken_lists.py",
    "abi/test_layout.py",
    "bench",
    "clients/test_contributing.py",
    "cpython/test_one_place.py",
    "docs",
    "elf",
    "headers/test_alone.py",  # test_macros.py compiles all of the API with each Python's headers
    "headers/test_check_api.py",
    "headers/test_same_names.py",
    "images/test_packages.py",  # the table is data
    "model",
    "sanitize",
    "stress",
    "tools",
)
TESTS = Path(__file__).parent
#: A compilation and a program for each mutant: minutes, all in one process.
LONGEST = TESTS / "model" / "test_mutants.py"


@functools.cache  # asked for each test
def runs_once(path: Path) -> bool:
    return any(path.is_relative_to(TESTS / name) for name in ONCE)


def images_missing() -> str | None:
    """Why this Python makes no private images; None: it does."""
    from hpystate import _images

    return _images.available()


@pytest.hookimpl(tryfirst=True)  # before -m
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file begins, then those with a slow test, so that none of them is alone at the
    end: a file stays in one process. A long test is a slow one."""
    why = images_missing()
    for item in items:
        if why is not None and item.path.parent.name in ("images", "packages"):
            item.add_marker(pytest.mark.skip(reason=why))
        if runs_once(item.path):
            item.add_marker(pytest.mark.once)
        if item.get_closest_marker("long") is not None:
            item.add_marker(pytest.mark.slow)
    slow = {item.path for item in items if item.get_closest_marker("slow") is not None}
    # stable: otherwise as they were
    items.sort(key=lambda item: (item.path != LONGEST, item.path not in slow))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under AddressSanitizer (tools/setup.sh sanitize): what our code has lost is a failure."""
    if os.environ.get("HPYSTATE_SANITIZED") != "asan":
        return
    for report in leaks.find():
        print(f"\nleaked by hpystate:\n{report}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


# What runs without the GIL is tested without it: none of the extensions here declares that it may.
# tests/loader/test_gil.py takes this back.
os.environ.setdefault("HPYSTATE_GIL", "*=off")


#: 3.13 without the GIL: once an interpreter has had a second thread, its classes, functions and
#: modules live for ever (gh-117783).
KEEPS_TYPES = sys.version_info[:2] == (3, 13) and bool(sysconfig.get_config_var("Py_GIL_DISABLED"))


def a_class_dies() -> bool:
    """A class made in Python, not an HPy type: what this process does with any type."""
    watched = weakref.ref(type("Plain", (), {}))
    gc.collect()
    return watched() is None


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """A test that watches a type die runs where one can: in a process that had no threads yet."""
    marked = pyfuncitem.get_closest_marker("types_die") is not None
    if not (KEEPS_TYPES and marked) or "HPYSTATE_NO_THREADS" in os.environ or a_class_dies():
        return None
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", pyfuncitem.nodeid],
        cwd=pyfuncitem.config.rootpath,
        env=os.environ | {"HPYSTATE_NO_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == 0, f"in a process of its own:\n{run.stdout}{run.stderr}"
    return True


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


#: For tests that run an extension under HPy's own runtime too; pip fetches it where it is missing.
WITH_UPSTREAM = pytest.mark.skipif(
    sys.version_info[:2] != (3, 12),
    reason="HPy's own runtime crashes after CPython 3.12; `make test PYTHON=` a 3.12 runs this",
)


Child = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def child() -> Child:
    """Runs a script in a process of its own, which may crash; 60 seconds at most (limits.run)."""

    def run(script: str, *arguments: str, timeout: float = 60) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-X", "faulthandler", "-c", script, *arguments]
        return limits.run(command, timeout)

    return run
