"""test_exceptions.py: exceptions that the functions of a file set when the loader calls them.

They get no context. A hybrid module has CPython's functions, and raises with them.
"""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
from pathlib import Path

import pytest

import hpystate
from hpystate import LoadError, _native
from hpystate.testing import Interpreter, compile_snippet

pytestmark = pytest.mark.usefixtures("nothing_is_lost_or_half_registered")

SOURCE = r"""
#include <Python.h>
#include <hpy.h>

static HPyModuleDef def = {.doc = "A doc."};
static inline int raise(int here) {
    if (here) PyErr_SetString(PyExc_ZeroDivisionError, "on purpose");
    return here;
}
HPy_EXPORTED_FUNC uint32_t get_required_hpy_major_version_raising(void) { raise(MAJOR); return 0; }
HPy_EXPORTED_FUNC uint32_t get_required_hpy_minor_version_raising(void) { raise(MINOR); return 0; }
HPy_EXPORTED_FUNC const char *hpystate_interpreters_raising(void) {
    raise(WHERE);
    return "own-gil";
}
HPy_EXPORTED_FUNC const char *hpystate_gil_raising(void) { raise(GIL); return "off"; }
HPyContext *_ctx_for_trampolines;
HPy_EXPORTED_FUNC void HPyInitGlobalContext_raising(HPyContext *ctx) {
    _ctx_for_trampolines = ctx;
    raise(CONTEXT);
}
HPy_EXPORTED_FUNC HPyModuleDef *HPyInit_raising(void) {
    if (SILENT) return NULL;
    return raise(INIT) && NO_DEFINITION ? NULL : &def;
}
__attribute__((constructor)) static void opened(void) {
    if (Py_IsInitialized()) raise(OPEN);
}
"""

FUNCTIONS = {
    "MAJOR": "get_required_hpy_major_version_raising",
    "MINOR": "get_required_hpy_minor_version_raising",
    "WHERE": "hpystate_interpreters_raising",
    "GIL": "hpystate_gil_raising",
    "CONTEXT": "HPyInitGlobalContext_raising",
    "INIT": "HPyInit_raising",
    "OPEN": "a function that runs when the file is opened",
}
WORDS = (*FUNCTIONS, "NO_DEFINITION", "SILENT")


def compiled(*words: str) -> Path:
    flags = tuple(f"-D{word}={int(word in words)}" for word in WORDS)
    return compile_snippet("raising", SOURCE, flags=flags, abi="hybrid")


def test_the_file_is_good_where_nothing_raises() -> None:
    assert hpystate.load("raising", compiled()).__doc__ == "A doc."


@pytest.mark.parametrize("word", FUNCTIONS)
def test_an_exception_beside_a_good_result_is_the_cause_of_a_system_error(word: str) -> None:
    path = compiled(word)

    with pytest.raises(SystemError) as caught:
        hpystate.load("raising", path)

    assert caught.type is SystemError
    assert str(caught.value).startswith(f"{path}: {FUNCTIONS[word]} set an exception")
    cause = caught.value.__cause__
    assert (type(cause), str(cause)) == (ZeroDivisionError, "on purpose")
    assert caught.value.__context__ is cause


def test_an_exception_without_a_definition_is_raised_itself() -> None:
    path = compiled("INIT", "NO_DEFINITION")

    for _ in range(2):
        before = _native.state()
        with pytest.raises(ZeroDivisionError, match="^on purpose$"):
            hpystate.load("raising", path)
        gc.collect()
        assert _native.state() == before


def test_no_definition_and_no_exception_is_a_load_error() -> None:
    with pytest.raises(LoadError, match="HPyInit_raising returned NULL"):
        hpystate.load("raising", compiled("SILENT"))


def test_the_exception_is_the_one_of_the_interpreter_that_imports(interpreter: Interpreter) -> None:
    """Each interpreter has an exception of its own, from the same file."""
    path = compiled("INIT", "NO_DEFINITION")
    with pytest.raises(ZeroDivisionError):
        hpystate.load("raising", path)

    answer = interpreter.run(f"""
        import hpystate
        try:
            hpystate.load("raising", {str(path)!r}, interpreters="own-gil")
        except ZeroDivisionError as error:
            answer = str(error)
    """)

    assert answer == "on purpose"


def test_a_file_of_another_runtime_is_refused_without_a_call_of_its_function(
    tmp_path: Path,
) -> None:
    """Its function would raise, and take the file away from the runtime that works with it."""
    path = Path(shutil.copy(compiled("CONTEXT"), tmp_path))
    name = ctypes.create_string_buffer(b"HPy Universal ABI (CPython backend)")
    theirs = (ctypes.c_void_p * 512)(ctypes.addressof(name))
    opened = ctypes.PyDLL(str(path), mode=os.RTLD_LOCAL)
    with pytest.raises(ZeroDivisionError):
        opened.HPyInitGlobalContext_raising(theirs)

    with pytest.raises(LoadError, match="another HPy runtime") as caught:
        hpystate.load("raising", path)

    assert caught.value.kind == "other-runtime"
    assert caught.value.__context__ is None
