"""test_process.py: a pool at the end of a process, at Ctrl-C, and with what __main__ defines."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
#: A shell gives what it starts in the background an ignored SIGINT, which children inherit.
CALL = """import signal; signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.pool import tasks; import hpystate, os, sys
"""


def start(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-X", "faulthandler", "-c", CALL + script],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("inside", [True, False], ids=["with", "without with"])
def test_ctrl_c(inside: bool) -> None:
    """Ends the process at once, although two tasks run for ever and another one waits."""
    with_block = "with hpystate.InterpreterPool(2) as pool:"
    made = with_block if inside else "pool = hpystate.InterpreterPool(2)\nif True:"
    child = start(
        f"""{made}
    futures = [pool.submit(tasks.spin, 1) for _ in range(3)]
    futures[0].result()
"""
    )
    assert child.stdout is not None
    assert child.stdout.read(2) == "ss"
    child.send_signal(signal.SIGINT)
    try:
        _, errors = child.communicate(timeout=60)
    finally:
        child.kill()  # its tasks run for ever
    assert errors.rstrip().endswith("KeyboardInterrupt"), errors
    # 1: a run of code in another interpreter resets what CPython remembers for its status
    assert child.returncode in (-signal.SIGINT, 130, 1)


def test_a_pool_that_nobody_shuts_down_does_its_work() -> None:
    child = start(
        """pool = hpystate.InterpreterPool(2)
for _ in range(4):
    pool.submit(tasks.sleep, 0.05).add_done_callback(lambda done: print(done.result(), flush=True))
"""
    )
    out, errors = child.communicate(timeout=60)
    assert (out.split(), errors, child.returncode) == (["0.05"] * 4, "", 0)


def test_what_main_defines() -> None:
    """With cloudpickle it runs, without it the error tells what to type."""
    child = start(
        """class Mine(Exception): pass
def raising(value): raise Mine(value)
with hpystate.InterpreterPool(1) as pool:
    try:
        pool.submit(raising, 42).result()
    except Mine as error:
        print("Mine", error)
    except Exception as error:
        print(error)
"""
    )
    out, errors = child.communicate(timeout=60)
    try:
        import cloudpickle  # noqa: F401
    except ImportError:
        assert "raising is defined in __main__" in out and "pip install cloudpickle" in out, errors
    else:
        if sys.version_info < (3, 13):  # nothing of __main__ comes back
            assert "cloudpickle sends from a worker on 3.13" in out and "Mine: 42" in out, errors
        else:
            assert out == "Mine 42\n", errors
    assert child.returncode == 0, errors


def test_the_example_of_the_page() -> None:
    page = (ROOT / "docs" / "pool.md").read_text()
    script = page.partition("```python\n")[2].partition("```")[0]
    out, errors = start(script).communicate(timeout=60)
    lines = out.splitlines()
    assert lines[0] == "2432902008176640000" and lines[1].startswith("[0.0, 1.0, 1.41"), errors
    assert sum(int(line.split()[1]) for line in lines[2:]) == 4


def test_run() -> None:
    """python -m hpystate run"""

    def run(*arguments: str, lines: str = "") -> tuple[int, str, str]:
        command = [sys.executable, "-m", "hpystate", "run", *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, input=lines, timeout=60, cwd=ROOT, check=False
        )
        return done.returncode, done.stdout, done.stderr

    assert run("math:factorial", "--interpreters", "2", "--json", "4", "5") == (0, "24\n120\n", "")
    assert run("tests.pool.tasks:double", "--chunk", "2", lines="a\nb\n") == (0, "aa\nbb\n", "")
    status, out, errors = run("tests.pool.tasks:fail", "oh")
    assert (status, out) == (1, "") and "ValueError: oh" in errors
    for arguments, text in (
        (("math",), "MODULE:FUNCTION was expected"),
        (("nowhere:x", "1"), "nowhere cannot be imported"),
        (("math:pi", "1"), "a function was expected"),
        (("math:sqrt", "--json", "x"), "DATA 'x' is not JSON"),
        (("math:sqrt", "--interpreters", "0", "1"), "--interpreters is 0; 1 or more"),
    ):
        status, out, errors = run(*arguments)
        assert status == 2 and text in errors, errors
