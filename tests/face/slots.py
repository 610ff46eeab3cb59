"""slots.py: the module of tests/interpreters/ for the C API: one global, stored to and loaded."""

from __future__ import annotations

from pathlib import Path

from tests.face.plain import BackEnd, compile_module

BODY = """
    static hpystate_global slot;
    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(&slot, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *clear(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        if (hpystate_global_store(&slot, NULL) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        PyObject *found;
        int result = hpystate_global_get_ref(&slot, &found);
        (void)self; (void)arg;
        if (result == 0) return PyUnicode_FromString("nothing");
        return found;
    }
    static PyObject *token(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromVoidPtr((void *)slot.token);
    }
    static int on_exec(PyObject *module) {
        (void)module;
        return hpystate_import();
    }
"""


def compile_slots(back_end: BackEnd = "runtime") -> Path:
    """The same functions as the module `slots` of tests/interpreters/test_isolation.py has."""
    return compile_module(
        "slots", BODY, ["put"], noargs=["clear", "get", "token"], back_end=back_end
    )
