"""extensions.py: extensions of the C API that the doctor's tests compile, one for each verdict."""

from __future__ import annotations

import os
import shlex
import subprocess
import sysconfig
from pathlib import Path

#: {body}: statics and functions; {exec}: statements of the exec slot; {methods}, {slots}: rows
_MULTI = """
    #include <Python.h>
    #include <stdint.h>
    {body}
    static int exec_module(PyObject *module) {{ {exec} return 0; }}
    static PyMethodDef methods[] = {{ {methods} {{NULL, NULL, 0, NULL}} }};
    static PyModuleDef_Slot slots[] = {{ {{Py_mod_exec, exec_module}}, {slots} {{0, NULL}} }};
    static PyModuleDef definition = {{
        .m_base = PyModuleDef_HEAD_INIT, .m_name = "{name}",
        .m_methods = methods, .m_slots = slots }};
    PyMODINIT_FUNC PyInit_{name}(void) {{ return PyModuleDef_Init(&definition); }}
"""
OWN = "{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},"
SHARED = "{Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},"
#: On a Python without the GIL a module without it brings the GIL back, with a warning.
NO_GIL = """
    #ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
    #endif
"""

#: Statics of all forms, filled by exec; `pi` is a number that nothing else refers to.
HOLDS = """
    typedef struct { const char *name; PyObject *object; } item_t;
    static PyObject *pi;
    static struct { long count; item_t items[3]; PyObject *grid[2][2]; } table;
    static int numbers[4] = {1, 2, 3, 4};
    static PyObject *none;
    static PyObject *cached_set(void) {
        static PyObject *set;
        return set ? set : (set = PySet_New(NULL));
    }
"""
FILL = """
    pi = PyFloat_FromDouble(3.14159);
    table.count = 4711;
    table.items[1].object = PyList_New(0);
    table.grid[1][0] = PyDict_New();
    numbers[0]++;
    none = Py_None;
    cached_set();
"""

LAZY = """
    static PyObject *cache;
    static PyObject *fill(PyObject *self, PyObject *unused) {
        if (!cache) cache = PyList_New(0);
        return Py_NewRef(cache);
    }
"""
FILL_ROW = '{"fill", fill, METH_NOARGS, NULL},'

TAGGED = "static uintptr_t tagged;"
TAG = "PyObject *list = PyList_New(0); tagged = (uintptr_t)list | 1;"

STATIC_TYPE = """
    static PyTypeObject Point_Type = {
        PyVarObject_HEAD_INIT(NULL, 0) .tp_name = "shapes.Point",
        .tp_basicsize = sizeof(PyObject), .tp_flags = Py_TPFLAGS_DEFAULT };
"""
READY_TYPE = "if (PyType_Ready(&Point_Type) < 0) return -1;"

#: Words that begin as a type does, with all flags but that of a heap type.
DECOY = """
    static struct { long count; PyTypeObject *kind; long rest[60]; } decoy = { 1, &PyType_Type };
"""
FILL_DECOY = "for (int i = 0; i < 60; i++) decoy.rest[i] = ~Py_TPFLAGS_HEAPTYPE;"

GUARDED = "static PyInterpreterState *first;"
GUARD = """
    PyInterpreterState *own = PyInterpreterState_Get();
    if (!first) first = own;
    if (first != own) {
        PyErr_SetString(PyExc_ImportError, "Interpreter change detected");
        return -1;
    }
"""

SINGLE = """
    #include <Python.h>
    static PyModuleDef definition = { PyModuleDef_HEAD_INIT, .m_name = "single", .m_size = -1 };
    PyMODINIT_FUNC PyInit_single(void) { return PyModule_Create(&definition); }
"""


def multi(name: str, body: str = "", fill: str = "", methods: str = "", slots: str = "") -> str:
    """The source of a module that is made in two phases."""
    return _MULTI.format(name=name, body=body, exec=fill, methods=methods, slots=slots + NO_GIL)


def build(
    folder: Path, name: str, source: str, *flags: str, suffix: str = "", compiler: str = ""
) -> Path:
    """Compiles a module with the C API's headers; the path of its file.

    suffix    of the file's name; "": that of this Python
    compiler  "": $CC, or gcc
    """
    text = folder / f"{name}.c"
    text.write_text(source)
    file = folder / f"{name}{suffix or sysconfig.get_config_var('EXT_SUFFIX')}"
    command = [
        *shlex.split(compiler or os.environ.get("CC", "gcc")),
        *("-shared", "-fPIC", "-O0", "-Wall", "-Wno-unused", "-Werror"),
        f"-I{sysconfig.get_path('include')}",
        *flags,
        *(str(text), "-o", str(file)),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return file
