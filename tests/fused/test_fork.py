"""test_fork.py: a process that forks while first values are being made.

The child has one thread: makers and waiters of all others are gone, and must not be waited for.
Each case is a process of its own, with a time limit, which forks one child, with a time limit too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet

SOURCE = """
    #include <hpy.h>
    #include <hpystate/fused.h>

    static HPyGlobal kept;

    static HPy make(HPyContext *ctx, void *callable) {
        return HPy_Call(ctx, *(HPy *)callable, NULL, 0, HPy_NULL);
    }
    HPyDef_METH(first_value, "first_value", HPyFunc_O)
    static HPy first_value_impl(HPyContext *ctx, HPy self, HPy callable) {
        return HPyGlobal_LoadOrInit(ctx, &kept, make, &callable);
    }
    static HPyDef *defines[] = {&first_value, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(forked, definition)
"""

SCRIPT = """
import os, signal, sys, threading, time, warnings
import hpystate
warnings.simplefilter("ignore")  # CPython warns of forks with threads: that is what is tested
module = hpystate.load("forked", sys.argv[1])

def in_child(work):
    '''What a forked child prints: its answer, or that it hangs.'''
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            answer = repr(work())
        except BaseException as error:
            answer = repr(error)
        os.write(write_end, answer.encode())
        os._exit(0)
    os.close(write_end)
    answer = b""
    while piece := os.read(read_end, 1000):
        answer += piece
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return answer.decode() if status == 0 else f"ended by {status}"
"""

MAKER_IN_ANOTHER_THREAD = """
begun, go_on = threading.Event(), threading.Event()
def slow():
    begun.set()
    go_on.wait()
    return "made by the parent"
found = []
threads = [threading.Thread(target=lambda: found.append(module.first_value(slow)))]
threads[0].start()
begun.wait()
if waiters:
    threads += [
        threading.Thread(target=lambda: found.append(module.first_value(slow))) for _ in range(3)
    ]
    for thread in threads[1:]:
        thread.start()
    time.sleep(0.3)  # asleep by then, most likely; either way the answers are the same
print(in_child(lambda: module.first_value(lambda: "made by the child")))
print(in_child(lambda: [module.first_value(lambda: 1), module.first_value(lambda: 2)]))
go_on.set()
for thread in threads:
    thread.join()
print(sorted(set(found)), len(found))
"""

MAKER_FORKS = """
def forks():
    print(in_child(lambda: "the child of a maker"))
    return "made by the parent"
print(module.first_value(forks))
"""

MAKER_FORKS_AND_THE_CHILD_GOES_ON = """
child = None
def forks():
    global child
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        try:
            module.first_value(lambda: "another")
        except RuntimeError as error:
            assert "is already being made by this thread" in str(error)
            return "made by the child"
        return "the circle was not seen"
    return "made by the parent"
made = module.first_value(forks)
again = module.first_value(lambda: "made again")
if child == 0:
    os.write(1, f"{made}, {again}\\n".encode())
    os._exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
print(made, again, sep=", ")
"""

MANY_FORKS = """
stop = False
def work(step):
    while not stop:
        module.first_value(lambda: time.sleep(0))  # None: it is made once, then found
threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
for thread in threads:
    thread.start()
answers = {in_child(lambda: module.first_value(lambda: None)) for _ in range(40)}
stop = True
for thread in threads:
    thread.join()
print(answers)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("forked", SOURCE)


def said(file: Path, script: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT + script, str(file)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.splitlines()


@pytest.mark.parametrize("waiters", [False, True])
def test_a_child_makes_what_another_thread_was_making(file: Path, waiters: bool) -> None:
    lines = said(file, f"waiters = {waiters}\n" + MAKER_IN_ANOTHER_THREAD)

    count = 4 if waiters else 1
    assert lines == ["'made by the child'", "[1, 1]", f"['made by the parent'] {count}"]


def test_a_maker_may_fork(file: Path) -> None:
    assert said(file, MAKER_FORKS) == ["'the child of a maker'", "made by the parent"]


def test_the_child_of_a_maker_may_go_on_making(file: Path) -> None:
    assert said(file, MAKER_FORKS_AND_THE_CHILD_GOES_ON) == [
        "made by the child, made by the child",
        "made by the parent, made by the parent",
    ]


def test_forks_and_first_values_at_once(file: Path) -> None:
    assert said(file, MANY_FORKS) == ["{'None'}"]
