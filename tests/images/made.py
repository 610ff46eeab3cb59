"""made.py: small extensions of CPython's C API for these tests, compiled when a test needs them."""

from __future__ import annotations

import hashlib
import os
import shlex
import subprocess
import sysconfig
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path

from hpystate.build import make_cache_folder

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))

#: One phase: a static that counts, the definition's module, and the interpreter that it is in.
SINGLE = """
    #include <Python.h>
    static long count;
    static struct PyModuleDef definition;
    static PyObject *bump(PyObject *self, PyObject *unused) { return PyLong_FromLong(++count); }
    static PyObject *found(PyObject *self, PyObject *unused) {
        PyObject *module = PyState_FindModule(&definition);
        return Py_NewRef(module == NULL ? Py_None : module);
    }
    static PyMethodDef methods[] = {
        {"bump", bump, METH_NOARGS, NULL}, {"found", found, METH_NOARGS, NULL}, {NULL}};
    static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "NAME", NULL, -1, methods};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModule_Create(&definition); }
"""

#: Two phases, and not a word of support for many interpreters: METHODS is a table of functions.
MULTI_END = """
    static PyModuleDef_Slot slots[] = {{Py_mod_exec, (void *)on_exec}, {0, NULL}};
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&definition); }
"""

#: An object in a static, and a class that the exec slot makes.
MULTI = (
    """
    #include <Python.h>
    static PyObject *kept;
    static PyObject *put(PyObject *self, PyObject *value) {
        Py_XSETREF(kept, Py_NewRef(value));
        Py_RETURN_NONE;
    }
    static PyObject *get(PyObject *self, PyObject *unused) {
        return Py_NewRef(kept == NULL ? Py_None : kept);
    }
    static PyMethodDef methods[] = {
        {"put", put, METH_O, NULL}, {"get", get, METH_NOARGS, NULL}, {NULL}};
    static int on_exec(PyObject *module) {
        return PyModule_AddStringConstant(module, "executed", "yes");
    }
"""
    + MULTI_END
)


def compiled(
    name: str,
    text: str,
    *,
    flags: Sequence[str] = (),
    cxx: bool = False,
    suffix: str = SUFFIX,
    beside: Path | None = None,
) -> Path:
    """The file of a module: `text` with `name` for NAME. The same text is compiled once, into a
    folder of its own; `beside`: into that folder. AssertionError with the compiler's output."""
    source = textwrap.dedent(text).replace("NAME", name)
    compiler = os.environ.get("CXX", "c++") if cxx else os.environ.get("CC", "cc")
    command = [*shlex.split(compiler), "-O1", "-fPIC", "-shared", "-pthread"]
    command.append(f"-I{sysconfig.get_path('include')}")
    if beside is None:
        key = (name, source, tuple(flags), command, suffix)
        digest = hashlib.sha256(repr(key).encode()).hexdigest()[:16]
        beside = make_cache_folder("images", digest)
        if (beside / f"{name}{suffix}").is_file():
            return beside / f"{name}{suffix}"
    with tempfile.TemporaryDirectory(dir=beside) as scratch:
        file = Path(scratch) / f"{name}.{'cpp' if cxx else 'c'}"
        file.write_text(source)
        target = Path(scratch) / f"{name}{suffix}"
        whole = [*command, str(file), "-o", str(target), *flags]
        result = subprocess.run(whole, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{shlex.join(whole)}\n{result.stderr}"
        os.replace(target, beside / target.name)
    return beside / target.name


def library(name: str, text: str, folder: Path, *flags: str) -> Path:
    """A library libNAME.so with that soname."""
    folder.mkdir(exist_ok=True)
    soname = f"-Wl,-soname,lib{name}.so"
    return compiled(f"lib{name}", text, flags=(soname, *flags), suffix=".so", beside=folder)


def links(folder: str, *names: str) -> list[str]:
    """Flags of a file that finds these libraries in a folder beside it."""
    return [f"-Wl,--disable-new-dtags,-rpath,$ORIGIN/{folder}", *(f"-l{name}" for name in names)]
