"""test_cost.py: what a load by hpystate/global.h takes, in instructions, loop included."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.face.plain import NO_GIL, compile_module

#: Of the thread's state, which finds the interpreter: how many more a load may take.
MOST = 10
#: Of a C static: how many more a load may take whose interpreter was asked for before the loop.
#: Without the GIL a word may say that the object is read under a lock, which is one test more.
#: clang 14 finds the entry in each turn of the loop, GCC before it: two more.
MOST_IN_LOOP = (7 if NO_GIL else 6) + (2 if "clang" in os.environ.get("CC", "") else 0)
TURNS = 100_000

BODY = r"""
    static hpystate_global value;
    static PyObject *plain;
    #if PY_VERSION_HEX >= 0x030D0000
    #define STATE PyThreadState_GetUnchecked
    #else
    #define STATE _PyThreadState_UncheckedGet
    #endif
    #define LOOP(name, before, step)                                              \
        static PyObject *name(PyObject *self, PyObject *arg) {                    \
            long n = PyLong_AsLong(arg);                                          \
            uintptr_t sum = 0;                                                    \
            before;                                                               \
            (void)self;                                                           \
            for (long i = 0; i < n; ++i) {                                        \
                sum += (uintptr_t)(step);                                         \
                __asm__ volatile("" ::: "memory");                                \
            }                                                                     \
            return PyLong_FromUnsignedLongLong(sum);                              \
        }
    LOOP(load_state, , STATE())
    LOOP(load_static, , plain)
    LOOP(load_global, , hpystate_global_borrow(&value))
    LOOP(load_in_loop, const hpystate_interpreter *here = hpystate_current(),
         hpystate_global_borrow_in(here, &value))

    static int on_exec(PyObject *module) {
        if (hpystate_import() < 0) return -1;
        plain = module;
        return hpystate_global_store(&value, module);
    }
"""
LOADS = ("load_state", "load_static", "load_global", "load_in_loop")

CHILD = """
import sys
sys.path[:] = {path!r}
from tests.face.plain import load
module = load("cost", {file!r})
for name in {loads!r}:
    getattr(module, name)({turns})
"""


@pytest.fixture(scope="module")
def instructions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """Of one turn of each loop."""
    file = str(compile_module("cost", BODY, LOADS, flags=("-g1",)))
    root = str(Path(__file__).parents[2])
    script = CHILD.format(path=[root, *sys.path], file=file, loads=LOADS, turns=TURNS)
    out = tmp_path_factory.mktemp("cost") / "out"
    # With what is called, as `inclusive` has it: each function is in one place of the module.
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}"]
    command += [f"--toggle-collect={name}" for name in LOADS]
    subprocess.run(
        [*command, sys.executable, "-c", script],
        env=os.environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        timeout=240,
        check=True,
    )
    shown = subprocess.run(
        ["callgrind_annotate", "--inclusive=yes", "--threshold=100", out],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = {}
    for name in LOADS:
        row = re.search(rf"^ *([\d,]+) .*:{name}\b", shown, re.MULTILINE)
        assert row is not None, shown
        found[name] = int(row[1].replace(",", "")) / TURNS
    return found


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        "HPYSTATE_SANITIZED" in os.environ, reason="a sanitizer makes every load a call"
    ),
    pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts the instructions"),
]


def test_a_load_takes_ten_more_than_the_state_of_the_thread(instructions: dict[str, float]) -> None:
    print(instructions)
    assert instructions["load_global"] - instructions["load_state"] <= MOST + 0.1


def test_a_load_in_a_loop_takes_few_more_than_a_static(instructions: dict[str, float]) -> None:
    assert instructions["load_in_loop"] - instructions["load_static"] <= MOST_IN_LOOP + 0.1
