"""limits.py: how long a test may take, and what is said of one that takes longer.

Two limits, one behind the other, because no single one does for every hang:

  - pytest-timeout interrupts the test by a signal: it fails, and the run goes on. Python code and
    most waits hear that.
  - What holds the GIL in C never does. A timer of the kernel (stacks.cpp), which needs neither the
    GIL nor a thread, writes the name of the test and the stacks of all threads, Python's and C's,
    at the first limit; GRACE seconds later it ends the process. Under pytest-xdist that is a
    worker: its test is reported as crashed, and another worker does what is left.

HPYSTATE_TEST_SECONDS in the environment is another limit for every test. This is a plugin of
pytest.
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import subprocess
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

import pytest

from tests.limits.progress import Progress

# tests/CMakeLists.txt reads these two lines, for the programs of Catch2.
SECONDS = 300
SANITIZED = 10
DEBUG_PYTHON = 3
#: A test that is marked `slow`: it builds something, or runs many processes.
SLOW_SECONDS = 900
#: From the first limit to the end of the process; at most ten times the limit.
GRACE = 30
#: How long a child may take to say what its threads do.
CHILD_GRACE = 20

PYTHON_STACKS = signal.SIGRTMAX - 3

# pytest takes the process's stderr for itself later on.
_stderr = -1


def patience() -> int:
    """By how much everything may take longer here: sanitizers look at every step, a debug build of
    CPython at many."""
    if "HPYSTATE_SANITIZED" not in os.environ and sysconfig.get_config_var("Py_DEBUG"):
        return DEBUG_PYTHON
    return SANITIZED if "HPYSTATE_SANITIZED" in os.environ else 1


def limit_of(item: pytest.Item) -> float:
    said = os.environ.get("HPYSTATE_TEST_SECONDS")
    if said:
        return float(said)
    own = item.get_closest_marker("timeout")
    if own is not None:
        return own.args[0] * patience()
    return (SLOW_SECONDS if item.get_closest_marker("slow") else SECONDS) * patience()


@cache
def _library() -> ctypes.CDLL:
    import hpystate

    # An installation has none beside it: tests/wheel/run.py compiles one.
    named = os.environ.get("HPYSTATE_LIMITS")
    path = Path(named or Path(hpystate._native.__file__).parents[2] / "tests" / "liblimits.so")
    if not path.is_file():
        raise pytest.UsageError(f"{path}: not there; `make build` makes it")
    library = ctypes.CDLL(str(path), use_errno=True)
    library.hpystate_limit_begin.argtypes = (
        ctypes.c_char_p,
        ctypes.c_double,
        ctypes.c_double,
        ctypes.c_int,
        ctypes.c_int,
    )
    return library


def pytest_configure(config: pytest.Config) -> None:
    global _stderr
    _stderr = os.dup(2)
    faulthandler.register(PYTHON_STACKS, file=_stderr, all_threads=True)
    _library()
    if config.getoption("numprocesses", None):
        from tests.limits.workers import Workers  # xdist is needed where workers are

        config.pluginmanager.register(Progress(), "hpystate-progress")
        config.pluginmanager.register(Workers(), "hpystate-workers")


def pytest_unconfigure(config: pytest.Config) -> None:
    faulthandler.unregister(PYTHON_STACKS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        # A moment behind the timer: what the stacks show is the hang, not its end.
        item.add_marker(pytest.mark.timeout(limit_of(item) + 1, method="signal"), append=False)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    # The first mark is the one from above.
    mark = item.get_closest_marker("timeout")
    assert mark is not None
    limit = mark.args[0] - 1
    begin = _library().hpystate_limit_begin
    grace = min(GRACE, 10 * limit)
    if begin(item.nodeid.encode(), limit, grace, _stderr, PYTHON_STACKS) != 0:
        raise OSError(ctypes.get_errno(), "no timer for the time limit of a test")
    try:
        return (yield)
    finally:
        _library().hpystate_limit_end()


def run(
    command: Sequence[str | os.PathLike[str]], timeout: float = 60, **options: object
) -> subprocess.CompletedProcess[str]:
    """Runs a child and keeps what it writes. One that takes longer than `timeout`, ten times that
    under a sanitizer, gets SIGABRT, so that faulthandler shows its threads where the command has
    `-X faulthandler`; AssertionError with all it wrote."""
    limit = timeout * patience()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    ) as child:
        try:
            out, err = child.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGABRT)
            try:
                out, err = child.communicate(timeout=CHILD_GRACE)
            except subprocess.TimeoutExpired:
                child.kill()
                out, err = child.communicate()
            raise AssertionError(
                f"a child took longer than {limit:g} seconds:\n{out}{err}"
            ) from None
        except BaseException:
            child.kill()
            raise
    return subprocess.CompletedProcess(command, child.returncode, out, err)
