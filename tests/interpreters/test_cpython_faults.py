"""test_cpython_faults.py: where CPython itself fails, the same without us is the control.

docs/cpython-faults.md has the faults. Each script runs in a child process, plain and with the
package; a Python that survives the plain one must survive the other.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet
from tests.limits.limits import run
from tests.loader.place import SOURCE

INTERPRETERS = """
import sys, threading
try:
    import _interpreters
    def create(kind): return _interpreters.create("isolated" if kind == "own" else "legacy")
except ImportError:
    import _xxsubinterpreters as _interpreters
    def create(kind): return _interpreters.create(isolated=kind == "own")

def run(interpreter, code):
    failure = _interpreters.run_string(interpreter, code)
    if failure is not None:  # 3.12 raises
        raise RuntimeError(failure)
"""


def package(path: Path) -> str:
    """Imports the package and an extension, and calls it."""
    return (
        f"import sys; sys.path[:] = {sys.path!r}\n"
        "import hpystate; hpystate.install()\n"
        f"assert hpystate.load('place', {str(path)!r}).where() == 'here'\n"
        f"sys.path.insert(0, {str(path.parent)!r})\n"
        "import place\n"
    )


@pytest.fixture(scope="session")
def extension() -> Path:
    return compile_snippet("place", SOURCE.replace("NAME", "place"))


# ---- the first `import threading` on a thread that is gone -------------------------------------

ENDED = (
    INTERPRETERS
    + """
interpreter = create(sys.argv[1])
thread = threading.Thread(target=run, args=[interpreter, sys.argv[2]])
thread.start()
thread.join()
_interpreters.destroy(interpreter)
print("ended", flush=True)
import os
os._exit(0)
"""
)


@pytest.mark.parametrize("kind", ["own", "shared"])
def test_an_interpreter_ends_that_imported_the_package_on_a_thread_that_is_gone(
    child: Callable, extension: Path, kind: str
) -> None:
    result = child(ENDED, kind, package(extension))

    assert result.stdout == "ended\n", result.stderr


def test_python_3_12_never_ends_one_that_imported_threading_so(child: Callable) -> None:
    """The control: without the package. Were this mended, importlib.util could be imported."""
    if sys.version_info[:2] == (3, 12):
        with pytest.raises(AssertionError, match=r"(?s)took longer than.* in _shutdown"):
            child(ENDED, "shared", "import threading", timeout=5)
    else:
        assert child(ENDED, "shared", "import threading").stdout == "ended\n"


# ---- tracemalloc with interpreters that have a GIL of their own --------------------------------

TRACED = (
    INTERPRETERS
    + """
made = [create("own") for _ in range(2)]
work = sys.argv[1] + "\\nfor i in range(20000): x = [str(j) for j in range(10)]"
threads = [threading.Thread(target=run, args=[other, work]) for other in made]
for thread in threads: thread.start()
for thread in threads: thread.join()
for other in made: _interpreters.destroy(other)
print("ended", flush=True)
import os
os._exit(0)
"""
)


def traced(work: str) -> subprocess.CompletedProcess[str]:
    return run([sys.executable, "-X", "tracemalloc", "-c", TRACED, work])


def test_where_plain_python_survives_tracemalloc_in_own_gil_interpreters_so_do_we(
    extension: Path,
) -> None:
    """The plain run imports as much, of the standard library: the fault is a race, and finds more
    to race for where more is imported."""
    plain = [traced("import json, decimal, typing") for _ in range(3)]
    ours = [traced(package(extension)) for _ in range(3)]

    for one in plain + ours:  # ended by a signal, or well: never by an exception
        assert one.returncode < 0 or (one.returncode, one.stdout) == (0, "ended\n"), one.stderr
    if all(one.returncode == 0 for one in plain):
        assert [one.returncode for one in ours] == [0, 0, 0], ours
