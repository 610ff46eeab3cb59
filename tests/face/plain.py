"""plain.py: extensions of CPython's C API that use hpystate/global.h, and how they are imported."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shlex
import subprocess
import sysconfig
import tempfile
import textwrap
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Literal

import pytest

from hpystate.build import content_of_headers, embed_library, include_folder, make_cache_folder

#: Where the tables of an extension are: in the package, or in the extension itself.
BackEnd = Literal["runtime", "embed"]
BACK_ENDS: tuple[BackEnd, ...] = ("runtime", "embed")

NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
LIMITED = "-DPy_LIMITED_API=0x030C0000"
#: The limited API as a parameter of a test.
LIMITED_API = pytest.param(
    "limited",
    marks=pytest.mark.skipif(NO_GIL, reason="a CPython without the GIL refuses the limited API"),
)

SUFFIX = str(sysconfig.get_config_var("EXT_SUFFIX"))
WARNINGS = ("-Wall", "-Wextra", "-Wpedantic", "-Werror")

#: What each module here begins with.
HEAD = """
#include <hpystate/global.h>
"""

#: What each module ends with: METHODS and `static int on_exec(PyObject *)` are the extension's.
TAIL = """
static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, EXEC_SLOT},
    {Py_mod_multiple_interpreters, HPYSTATE_GLOBAL_INTERPRETERS},
#ifdef Py_MOD_GIL_NOT_USED
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};
static PyModuleDef module_def = {PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods, module_slots,
                                 NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&module_def); }
"""


def module_source(
    name: str, body: str, functions: Sequence[str], noargs: Sequence[str] = ()
) -> str:
    """The source of a module: `body` defines `int on_exec(PyObject *)` and a function
    `PyObject *NAME(PyObject *self, PyObject *arg)` for each of `functions`, which take one
    argument, and each of `noargs`, which take none."""
    rows = "".join(f'{{"{each}", {each}, METH_O, NULL}}, ' for each in functions)
    rows += "".join(f'{{"{each}", {each}, METH_NOARGS, NULL}}, ' for each in noargs)
    # ISO C has no cast from a function to void *, which CPython's table needs.
    head = '#pragma GCC diagnostic ignored "-Wpedantic"\n'
    table = f"static PyMethodDef methods[] = {{{rows}{{NULL, NULL, 0, NULL}}}};\n"
    tail = TAIL.replace("NAME", name).replace("EXEC_SLOT", "(void *)on_exec")
    return HEAD + textwrap.dedent(body) + table + head + tail


def embed_link() -> list[str]:
    """What the linker gets behind the sources. Under sanitizers the library calls their
    functions."""
    sanitizers = {"asan": ["-fsanitize=address,undefined"], "tsan": ["-fsanitize=thread"]}
    return [str(embed_library()), *sanitizers.get(os.environ.get("HPYSTATE_SANITIZED", ""), [])]


def compile_plain(
    name: str,
    sources: Sequence[Path],
    folder: Path,
    *,
    flags: Sequence[str] = (),
    compiler: str | None = None,
    suffix: str = SUFFIX,
    back_end: BackEnd = "runtime",
) -> Path:
    """Compiles an extension with this Python's headers and our folder, and no other option of
    ours. AssertionError with the compiler's output."""
    target = folder / f"{name}{suffix}"
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        made = Path(scratch) / target.name
        command = [*shlex.split(compiler or os.environ.get("CC", "cc")), "-O2", "-fPIC", "-shared"]
        command += [*WARNINGS, *flags, f"-I{include_folder()}"]
        if not any(flag.startswith("-isystem") for flag in flags):
            command.append(f"-isystem{sysconfig.get_path('include')}")
        command += map(str, sources)
        if back_end == "embed":
            command += ["-DHPYSTATE_GLOBAL_EMBED", *embed_link()]
        command += ["-o", str(made)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        assert result.returncode == 0, f"{shlex.join(command)}\n{result.stderr}"
        os.replace(made, target)
    return target


def compile_module(
    name: str,
    body: str,
    functions: Sequence[str],
    *,
    noargs: Sequence[str] = (),
    flags: Sequence[str] = (),
    cxx: bool = False,
    back_end: BackEnd = "runtime",
) -> Path:
    """The same for the source of module_source(), in C or in C++; a text is compiled once for each
    state of the headers, and of the library."""
    text = module_source(name, body, functions, noargs)
    compiler = os.environ.get("CXX", "c++") if cxx else os.environ.get("CC", "cc")
    library = embed_library().read_bytes() if back_end == "embed" else b""
    key = (text, flags, compiler, SUFFIX, content_of_headers(), library)
    folder = make_cache_folder("plain", hashlib.sha256(repr(key).encode()).hexdigest()[:16])
    made = folder / f"{name}{SUFFIX}"
    if made.is_file():
        return made
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / f"{name}.{'cpp' if cxx else 'c'}"
        source.write_text(text)
        return compile_plain(
            name, [source], folder, flags=flags, compiler=compiler, back_end=back_end
        )


def load(name: str, file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_code(name: str, file: Path) -> str:
    """The same as code for another interpreter, which binds `module`."""
    return f"""
import importlib.util
spec = importlib.util.spec_from_file_location({name!r}, {str(file)!r})
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
"""
