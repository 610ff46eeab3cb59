"""test_thread_word.py: inline code reads the state of the calling thread where CPython keeps it, in
every thread and interpreter; where that has no fixed place, it calls."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from hpystate.testing import Interpreter
from tests.face.plain import compile_module, load, load_code
from tests.limits import limits

BODY = r"""
    static hpystate_global value;
    #if PY_VERSION_HEX >= 0x030D0000
    #define STATE PyThreadState_GetUnchecked
    #else
    #define STATE _PyThreadState_UncheckedGet
    #endif

    /* "at <distance>" or "called"; the state is the right one each time. */
    static PyObject *how(PyObject *self, PyObject *arg) {
        const struct hpystate_fast *fast = hpystate_unstable_fast();
        const void *attached = hpystate_unstable_thread(fast), *detached = NULL;
        const void *state = STATE(), *none = NULL;
        (void)self;
        (void)arg;
        Py_BEGIN_ALLOW_THREADS;
        detached = hpystate_unstable_thread(fast);
        none = STATE();
        Py_END_ALLOW_THREADS;
        if (attached != state || detached != none || state == NULL || none != NULL)
            return PyErr_Format(PyExc_AssertionError, "attached: %p, not %p; detached: %p, not %p",
                                attached, state, detached, none);
        attached = hpystate_unstable_thread(fast);
        if (attached != (const void *)STATE())
            return PyErr_Format(PyExc_AssertionError, "attached again: %p", attached);
        if (hpystate_global_borrow(&value) == NULL)
            return PyErr_Format(PyExc_AssertionError, "a value was lost");
        if (fast->thread_word == 0) return PyUnicode_FromString("called");
        return PyUnicode_FromFormat("at %zd", (Py_ssize_t)fast->thread_word);
    }
    static int on_exec(PyObject *module) {
        if (hpystate_import() < 0) return -1;
        return hpystate_global_store(&value, module);
    }
"""


def compiled() -> Path:
    return compile_module("word", BODY, ["how"])


def test_the_state_is_read_at_one_distance_in_all_threads_and_interpreters() -> None:
    module = load("word", compiled())
    found = [module.how(None)]
    threads = [
        threading.Thread(target=lambda: found.append(module.how(None)), daemon=True)
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for gil in ("own", "shared"):
        with Interpreter(gil) as other:
            found.append(other.run(load_code("word", compiled()) + "\nanswer = module.how(None)"))

    assert len(found) == 11
    assert set(found) == {found[0]}
    assert found[0].startswith("at "), "slow: CPython's function is called instead"


EMBEDS = r"""
#include <dlfcn.h>
#include <stdio.h>
int main(int argc, char **argv) {
    void *python = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
    if (argc != 3 || python == NULL) return fprintf(stderr, "%s\n", dlerror()), 2;
    void (*begin)(int) = (void (*)(int))dlsym(python, "Py_InitializeEx");
    int (*run)(const char *) = (int (*)(const char *))dlsym(python, "PyRun_SimpleString");
    int (*end)(void) = (int (*)(void))dlsym(python, "Py_FinalizeEx");
    begin(0);
    const int failed = run(argv[2]);
    return end() < 0 ? 3 : failed != 0;
}
"""
#: The first thread that asks has one of CPython's words, and others get theirs elsewhere.
CODE = """
import threading
{load}
found = [module.how(None)]
thread = threading.Thread(target=lambda: found.append(module.how(None)))
thread.start(); thread.join()
print(*found)
"""
#: The file that this process has; LIBDIR is wrong where the Python was moved.
LIBRARY = next(
    (
        line.split()[-1]
        for line in Path("/proc/self/maps").read_text().splitlines()
        if "/libpython" in line and line.split()[-1].endswith(".so.1.0")
    ),
    "",
)


@pytest.mark.skipif(
    not LIBRARY,
    reason="this Python has no shared library that a program could open",
)
@pytest.mark.skipif("HPYSTATE_SANITIZED" in os.environ, reason="the program is not sanitized")
def test_a_python_that_was_opened_later_is_called(tmp_path: Path) -> None:
    (tmp_path / "embeds.c").write_text(EMBEDS)
    program = str(tmp_path / "embeds")
    subprocess.run(["cc", str(tmp_path / "embeds.c"), "-o", program, "-ldl"], check=True)
    home = {"PYTHONHOME": sys.base_prefix, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    code = CODE.format(load=load_code("word", compiled()))

    made = limits.run([program, LIBRARY, code], env=os.environ | home)

    assert (made.returncode, made.stderr) == (0, "")
    assert made.stdout == "called called\n"
