"""test_context_init.py: HPyInitGlobalContext_<name>: called once, with no lock of ours held.

It is a function of the extension: it may import, let other threads run, and wait for them. Each
case is a process of its own, since what fails here does not end.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from hpystate.testing import compile_snippet

# The context function of module NAME runs the Python code sys.<NAME>_begins, if there is one.
SOURCE = r"""
#include <Python.h>
#include <hpy.h>

#define JOINED(a, b) a##b
#define JOIN(a, b) JOINED(a, b)
#define TEXT_OF(name) #name
#define TEXT(name) TEXT_OF(name)

static HPyModuleDef def = {.doc = "A doc."};
HPyContext *_ctx_for_trampolines;
HPy_EXPORTED_FUNC uint32_t JOIN(get_required_hpy_major_version_, NAME)(void) { return 0; }
HPy_EXPORTED_FUNC uint32_t JOIN(get_required_hpy_minor_version_, NAME)(void) { return 0; }
HPy_EXPORTED_FUNC const char *JOIN(hpystate_interpreters_, NAME)(void) { return "own-gil"; }
HPy_EXPORTED_FUNC const char *JOIN(hpystate_gil_, NAME)(void) { return "off"; }
HPy_EXPORTED_FUNC HPyModuleDef *JOIN(HPyInit_, NAME)(void) { return &def; }
HPy_EXPORTED_FUNC void JOIN(HPyInitGlobalContext_, NAME)(HPyContext *ctx) {
    _ctx_for_trampolines = ctx;
    PyObject *begins = PySys_GetObject(TEXT(NAME) "_begins");
    if (begins) Py_XDECREF(PyObject_CallNoArgs(begins));
}
"""

# Makes its global's first value by a call of a Python function.
VALUE = r"""
#include <hpy.h>
#include <hpystate/fused.h>

static HPyGlobal value;
static HPy make(HPyContext *ctx, void *function) {
    return HPy_Call(ctx, *(HPy *)function, NULL, 0, HPy_NULL);
}
HPyDef_METH(ask, "ask", HPyFunc_O)
static HPy ask_impl(HPyContext *ctx, HPy self, HPy function) {
    return HPyGlobal_LoadOrInit(ctx, &value, make, &function);
}
static HPyDef *defines[] = {&ask, NULL};
static HPyGlobal *globals[] = {&value, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(value, definition)
"""

BEGIN = """
import sys, threading
import hpystate
one, two = sys.argv[1:]
def load(path):
    return hpystate.load("one" if path is one else "two", path)
"""


@pytest.fixture
def outcome(child: Callable) -> Callable[[str], str]:
    """What a script prints that has two such files, `one` and `two`."""
    files = [
        compile_snippet(name, SOURCE, flags=(f"-DNAME={name}",), abi="hybrid")
        for name in ("one", "two")
    ]

    def run(script: str) -> str:
        result = child(BEGIN + script, *map(str, files))
        assert result.returncode == 0, result.stderr
        return result.stdout.strip()

    return run


def test_it_may_import_another_extension(outcome: Callable[[str], str]) -> None:
    script = """
sys.one_begins = lambda: print(load(two).__doc__)
print(load(one).__name__)
"""
    assert outcome(script) == "A doc.\none"


def test_it_may_load_its_own_file_and_is_not_called_again(outcome: Callable[[str], str]) -> None:
    script = """
sys.one_begins = lambda: print("inner", load(one).__name__)
print("outer", load(one).__name__)
"""
    assert outcome(script) == "inner one\nouter one"


def test_others_wait_for_it_and_let_threads_run(outcome: Callable[[str], str]) -> None:
    script = """
began, goes_on = threading.Event(), threading.Event()
said = []
def begins():
    said.append("begins")
    began.set()
    assert goes_on.wait(60)
    said.append("ends")
sys.one_begins = begins
def first():
    load(one)
def second():
    load(one)
    said.append("loaded")
threads = [threading.Thread(target=first), threading.Thread(target=second)]
threads[0].start()
assert began.wait(60)
threads[1].start()
threads[1].join(0.2)  # time to reach the file; this thread runs meanwhile
said.append("waits" if threads[1].is_alive() else "came through")
goes_on.set()
for thread in threads:
    thread.join(60)
print(*said)
"""
    assert outcome(script) == "begins waits ends loaded"


def test_two_that_load_each_other_on_two_threads_both_end(outcome: Callable[[str], str]) -> None:
    script = """
both = threading.Barrier(2)
def begins(other):
    both.wait(60)
    load(other)
sys.one_begins = lambda: begins(two)
sys.two_begins = lambda: begins(one)
threads = [threading.Thread(target=load, args=(path,), daemon=True) for path in (one, two)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
print(*(thread.is_alive() for thread in threads))
"""
    assert outcome(script) == "False False"


def test_a_first_value_and_a_file_that_need_each_other_on_two_threads_both_end(
    outcome: Callable[[str], str],
) -> None:
    # The file's function asks for the value last, unless the machine is slow: then the maker of
    # the value is the one that does not wait.
    library = compile_snippet("value", VALUE)
    script = f"""
import time
ask = hpystate.load("value", {str(library)!r}).ask
both = threading.Barrier(2)
said = []
def make():
    both.wait(60)
    return load(one).__name__
def begins():
    both.wait(60)
    time.sleep(0.3)
    try:
        said.append(ask(lambda: "made by the file's function"))
    except RuntimeError as error:
        said.append(str(error))
sys.one_begins = begins
threads = [
    threading.Thread(target=lambda: said.append(ask(make)), daemon=True),
    threading.Thread(target=load, args=(one,), daemon=True),
]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(20)
print(*(thread.is_alive() for thread in threads), *said, sep="\\n")
"""
    said = outcome(script).splitlines()

    assert said[:2] == ["False", "False"]
    assert "one" in said[2:]
    for line in said[2:]:
        assert line == "one" or re.match(
            r"HPyGlobal_LoadOrInit: this thread would wait forever for the first value of value, "
            r"globals\[0\] of module value \(\S*\), whose initializer waits for the context of "
            r"\S*one\S*, which this thread is making\. Store the value before ",
            line,
        ), line


def test_who_waits_for_it_hears_signals(outcome: Callable[[str], str]) -> None:
    script = """
import signal
def interrupt(number, frame):
    raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
began, goes_on = threading.Event(), threading.Event()
def begins():
    began.set()
    assert goes_on.wait(60)
sys.one_begins = begins
thread = threading.Thread(target=load, args=(one,))
thread.start()
assert began.wait(60)
signal.setitimer(signal.ITIMER_REAL, 0.1)
try:
    load(one)
except KeyboardInterrupt:
    print("heard")
goes_on.set()
thread.join(60)
print(load(one).__name__)
"""
    assert outcome(script) == "heard\none"


def test_a_child_of_fork_does_not_wait_for_a_thread_that_it_lacks(
    outcome: Callable[[str], str],
) -> None:
    script = """
import os, signal, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of fork with threads
began, goes_on = threading.Event(), threading.Event()
def begins():
    began.set()
    assert goes_on.wait(60)
sys.one_begins = begins
thread = threading.Thread(target=load, args=(one,))
thread.start()
assert began.wait(60)
process = os.fork()
if process == 0:
    signal.alarm(20)
    del sys.one_begins
    os._exit(0 if load(one).__name__ == "one" else 1)
print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
goes_on.set()
thread.join(60)
"""
    assert outcome(script) == "0"
