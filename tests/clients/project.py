"""project.py: a project with a setup.py that tests build, with the package of the build folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import setuptools

import hpystate
from tests.limits import limits

#: The folder on sys.path that has the package and its metadata.
STAGE = Path(hpystate.__file__).absolute().parents[1]
SITE = Path(setuptools.__file__).absolute().parents[1]
SOURCE = """
#include <hpy.h>
static HPyGlobal value;
static HPyGlobal *globals[] = {&value, NULL};
HPyDef_METH(abi, "abi", HPyFunc_NOARGS)
static HPy abi_impl(HPyContext *ctx, HPy self) {
    (void)self;
    return HPy_BuildValue(ctx, "s", HPY_ABI);
}
HPyDef_METH(store, "store", HPyFunc_O)
static HPy store_impl(HPyContext *ctx, HPy self, HPy object) {
    (void)self;
    HPyGlobal_Store(ctx, &value, object);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(load, "load", HPyFunc_NOARGS)
static HPy load_impl(HPyContext *ctx, HPy self) {
    (void)self;
    return HPyGlobal_Load(ctx, value);
}
static HPyDef *defines[] = {&abi, &store, &load, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};
HPy_MODINIT(point, def)
"""
C_SOURCE = """
#include <Python.h>
static PyModuleDef def = {PyModuleDef_HEAD_INIT, .m_name = "point", .m_doc = "C"};
PyMODINIT_FUNC PyInit_point(void) { return PyModule_Create(&def); }
"""
#: One extension in C beside the package, one in C++ in it.
BOTH = 'hpy_ext_modules=[Extension("point", ["point.c"]), Extension("shapes.point", ["round.cpp"])]'


def make_project(folder: Path, keywords: str = BOTH, before: str = "") -> Path:
    """A project whose setup() has these keywords, besides its name, version and packages."""
    (folder / "shapes").mkdir(parents=True)
    (folder / "shapes" / "__init__.py").touch()
    (folder / "point.c").write_text(SOURCE)
    (folder / "round.cpp").write_text(SOURCE)
    (folder / "plain.c").write_text(C_SOURCE)
    (folder / "setup.py").write_text(
        f"from setuptools import Extension, setup\n{before}\n"
        f'setup(name="shapes", version="1.0", packages=["shapes"], {keywords})\n'
    )
    return folder


def environment(*folders: Path) -> dict[str, str]:
    """Folders of sys.path; the build folder and that of setuptools where none is given."""
    path = os.pathsep.join(map(str, folders or (STAGE, SITE)))
    # Nothing is measured: no time is spent on optimising.
    return os.environ | {"PYTHONPATH": path, "CFLAGS": "-O0", "PYTHONDONTWRITEBYTECODE": "1"}


def run(
    folder: Path, *arguments: str, path: tuple[Path, ...] = (), python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Runs Python in a folder; what it writes to stderr follows in stdout."""
    result = limits.run([python, *arguments], 240, cwd=folder, env=environment(*path))
    result.stdout += result.stderr
    return result


def setup(folder: Path, *arguments: str, path: tuple[Path, ...] = ()) -> str:
    """What setup.py prints; AssertionError: it failed."""
    result = run(folder, "setup.py", *arguments, path=path)
    assert result.returncode == 0, result.stdout
    return result.stdout


def printed(folder: Path, code: str, path: tuple[Path, ...] = (), python: str = "") -> str:
    """What a program prints that is run beside the files of a folder."""
    result = run(folder, "-c", code, path=path, python=python or sys.executable)
    assert result.returncode == 0, result.stdout
    return result.stdout.strip()


def built(folder: Path) -> set[str]:
    """The files that a build has put among the sources."""
    every = (*folder.glob("*.so"), *folder.glob("shapes/*.so"), *folder.rglob("point.py"))
    files = (file.relative_to(folder) for file in every)
    return {str(file) for file in files if file.parts[0] != "build"}
