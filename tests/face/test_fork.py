"""test_fork.py: a process forks while a thread makes the first value of a global."""

from __future__ import annotations

from collections.abc import Callable

from tests.face.plain import BackEnd, compile_module, load_code

BODY = """
    static hpystate_global value;
    static PyObject *make(void *callable) { return PyObject_CallNoArgs((PyObject *)callable); }
    static PyObject *first(PyObject *self, PyObject *callable) {
        (void)self;
        return hpystate_global_get_or_init(&value, make, callable);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""

CODE = """
import os, signal, threading, warnings
warnings.simplefilter("ignore")  # CPython warns of forks with threads: that is what is tested
begun, go_on = threading.Event(), threading.Event()
def slow():
    begun.set()
    go_on.wait()
    return "made by the parent"
found = []
thread = threading.Thread(target=lambda: found.append(module.first(slow)))
thread.start()
begun.wait()
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(0 if module.first(lambda: "made by the child") == "made by the child" else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
go_on.set()
thread.join()
print(status, found)
"""


def test_a_child_makes_what_another_thread_was_making(child: Callable, back_end: BackEnd) -> None:
    """It has one thread: nobody else will make the value, so it does not wait."""
    file = compile_module("forked", BODY, ["first"], back_end=back_end)
    result = child(load_code("forked", file) + CODE)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == "0 ['made by the parent']\n"
