"""test_limits.py: a test that hangs ends in time, and is named with the stacks of all threads."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

import hpystate
from tests.conftest import Child
from tests.limits import limits

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(hpystate._native.__file__).parents[2]

# Each hangs somewhere else. PyDLL does not let the GIL go, and a mutex hears no signal.
HANGING = """
    import ctypes
    import threading

    never = threading.Lock()
    never.acquire()

    def wait_for_nobody():
        never.acquire()

    def test_before():
        pass

    def test_holds_the_gil_in_c():
        threading.Thread(target=wait_for_nobody, daemon=True).start()
        mutex = ctypes.create_string_buffer(64)
        while True:
            ctypes.PyDLL(None).pthread_mutex_lock(mutex)

    def test_waits_for_a_lock():
        threading.Thread(target=wait_for_nobody, daemon=True).start()
        never.acquire()

    def test_waits_for_a_thread():
        thread = threading.Thread(target=wait_for_nobody, daemon=True)
        thread.start()
        thread.join()

    def test_after():
        pass
"""


@pytest.fixture
def hanging(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p tests.limits.limits\n")
    file = tmp_path / "test_hanging.py"
    file.write_text(textwrap.dedent(HANGING))
    return file


def own_run(*arguments: str | Path, seconds: int) -> dict[str, Any]:
    """A run of pytest with a limit for each test: what subprocess needs for it."""
    paths = os.pathsep.join([str(ROOT), str(BUILD / "stage")])
    environment = os.environ | {"HPYSTATE_TEST_SECONDS": f"{seconds}", "PYTHONPATH": paths}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *map(str, arguments)]
    return {"args": command, "env": environment}


def run_pytest(file: Path, *options: str, seconds: int = 1) -> subprocess.CompletedProcess[str]:
    """A run of its own with a limit of one second; what hangs in C has ten more."""
    run = own_run(*options, file, seconds=seconds)
    return limits.run(run["args"], timeout=300, cwd=file.parent, env=run["env"])


@pytest.mark.slow
@pytest.mark.parametrize("test", ["test_waits_for_a_lock", "test_waits_for_a_thread"])
def test_a_test_that_waits_for_ever_fails_and_the_run_goes_on(hanging: Path, test: str) -> None:
    result = run_pytest(hanging, "-k", f"{test} or test_before or test_after")

    assert result.returncode == 1, result.stdout + result.stderr
    assert f"FAILED test_hanging.py::{test} - Failed: Timeout" in result.stdout
    assert "1 failed, 2 passed" in result.stdout
    assert f"test_hanging.py::{test} took longer than 1 seconds" in result.stderr
    # of Python and of C, of both threads
    assert "in wait_for_nobody" in result.stderr
    assert f"in {test}" in result.stderr
    assert result.stderr.count("its C functions, the newest first") == 2
    # a semaphore or a futex, by version
    assert "wait" in result.stderr.partition("its C functions")[2]


@pytest.mark.long
def test_a_hang_in_c_that_holds_the_gil_ends_the_process(hanging: Path) -> None:
    result = run_pytest(hanging, "-k", "test_holds_the_gil_in_c")

    assert result.returncode == 124, result.stdout + result.stderr
    test = "test_hanging.py::test_holds_the_gil_in_c"
    assert f"{test} took longer than 1 seconds" in result.stderr
    assert f"{test} does not end; the process does" in result.stderr
    assert "in wait_for_nobody" in result.stderr
    assert "in test_holds_the_gil_in_c" in result.stderr
    assert "pthread_mutex_lock" in result.stderr.partition("its C functions")[2]


@pytest.mark.long
def test_with_workers_the_run_goes_on_after_a_hang_in_c(hanging: Path) -> None:
    result = run_pytest(hanging, "-n", "1")

    assert result.returncode == 1, result.stdout + result.stderr
    test = "test_hanging.py::test_holds_the_gil_in_c"
    assert f"crashed while running '{test}'" in result.stdout
    assert "3 failed, 2 passed" in result.stdout
    for other in ("test_waits_for_a_lock", "test_waits_for_a_thread"):
        assert f"FAILED test_hanging.py::{other} - Failed: Timeout" in result.stdout
    assert f"{test} took longer than 1 seconds" in result.stderr
    assert "in wait_for_nobody" in result.stderr


KILLED = "os.kill(os.getpid(), 9)"
# The child holds the worker's pipes open, so xdist does not see that the worker has ended.
FORKED = "os.fork() or time.sleep(120); os._exit(3)"
FILE = """
import os, time
def test_0():
    pass
def test_1():
    {}
def test_2():
    pass
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "files", "workers"),
    [(KILLED, [1], 1), (KILLED, [1], 2), (KILLED, [1], 3), (KILLED, [0, 1], 2), (FORKED, [1], 2)],
)
def test_a_worker_that_dies_fails_its_test_and_the_run_ends(
    tmp_path: Path, how: str, files: list[int], workers: int
) -> None:
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p tests.limits.limits\n")
    for number in range(5):
        (tmp_path / f"test_{number}.py").write_text(FILE.format(how if number in files else "pass"))

    # the options of tools/setup.sh; into a file, since the child would hold a pipe open too
    options = ("-n", f"{workers}", "--dist", "loadfile", "--no-loadscope-reorder")
    run = own_run(*options, tmp_path, seconds=60)
    with (tmp_path / "said").open("w") as said:
        result = subprocess.run(
            **run,
            cwd=tmp_path,
            stdout=said,
            stderr=subprocess.STDOUT,
            timeout=100 * limits.patience(),
            check=False,
        )

    text = (tmp_path / "said").read_text()
    assert result.returncode == 1, text
    assert f"{len(files)} failed, {15 - len(files)} passed" in text
    for number in files:
        assert f"crashed while running 'test_{number}.py::test_1'" in text


@pytest.mark.long
def test_with_workers_there_is_a_sign_of_life_while_a_test_takes_long(hanging: Path) -> None:
    hanging.write_text("import time\ndef test_takes_long():\n    time.sleep(14)\n")
    result = run_pytest(hanging, "-n", "1", seconds=60)

    assert result.returncode == 0, result.stdout + result.stderr
    said = re.findall(r"(?m)^\[ *\d+s\] (.*?) \((\d+) s\)$", result.stderr)
    # On a busy machine the test takes longer than it sleeps, and there is a second sign.
    assert list(dict.fromkeys(text for text, _ in said)) == [
        "still running: test_hanging.py::test_takes_long"
    ]


@pytest.mark.parametrize(
    ("tag", "name", "functions"),
    [
        ("waits", "one thread waits for a lock", ("wait_for_a_lock", "pthread_mutex_lock", "join")),
        pytest.param(
            "spins",
            "a loop has no end",
            ("spin_without_a_call",),
            marks=pytest.mark.skipif(
                os.environ.get("HPYSTATE_SANITIZED") == "tsan",
                reason="ThreadSanitizer keeps a signal until its thread calls a function; every "
                "other build runs this",
            ),
        ),
    ],
)
def test_a_program_of_catch2_that_hangs_names_the_test_and_all_stacks(
    tag: str, name: str, functions: tuple[str, ...]
) -> None:
    program = BUILD / "tests" / "hangs"
    environment = os.environ | {"HPYSTATE_TEST_SECONDS": "1"}

    result = limits.run([str(program), f"[.{tag}]"], timeout=60, env=environment)

    assert result.returncode == 124, result.stdout + result.stderr
    assert f"time limit: {name}" in result.stderr
    for function in functions:
        assert function in result.stderr
    assert result.stderr.count("its C functions") >= (2 if tag == "waits" else 1)


def test_a_program_of_catch2_that_is_fast_ends_well() -> None:
    program = BUILD / "tests" / "hangs"
    environment = os.environ | {"HPYSTATE_TEST_SECONDS": "1"}

    result = limits.run([str(program), "[.fast]"], timeout=60, env=environment)

    assert (result.returncode, result.stderr) == (0, "")


def test_a_limit_that_is_not_a_number_is_reported() -> None:
    program = BUILD / "tests" / "hangs"

    result = limits.run([program], timeout=60, env=os.environ | {"HPYSTATE_TEST_SECONDS": "soon"})

    assert result.returncode == 2
    assert "HPYSTATE_TEST_SECONDS=soon: a number of seconds" in result.stderr


@pytest.mark.slow
def test_a_child_that_hangs_shows_its_threads(child: Child) -> None:
    script = """if True:
        import threading
        def wait_for_nobody():
            threading.Event().wait()
        threading.Thread(target=wait_for_nobody, daemon=True).start()
        print("begun", flush=True)
        threading.Event().wait()
    """

    with pytest.raises(AssertionError, match="longer than") as caught:
        child(script, timeout=1)

    assert "begun" in str(caught.value)
    assert "in wait_for_nobody" in str(caught.value)


def test_this_test_has_the_limit_of_the_list(request: pytest.FixtureRequest) -> None:
    mark = request.node.get_closest_marker("timeout")

    assert mark.args == (limits.SECONDS * limits.patience() + 1,)


@pytest.mark.slow
def test_a_slow_test_has_more_time(request: pytest.FixtureRequest) -> None:
    mark = request.node.get_closest_marker("timeout")

    assert mark.args == (limits.SLOW_SECONDS * limits.patience() + 1,)
