"""test_compiles.py: the header alone, with every compiler, language and API that it promises."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import include_folder
from tests.face.plain import LIMITED, LIMITED_API, WARNINGS

# One file that is copied: no other file of ours is beside it.
USES = """
#include "copied.h"
static hpystate_global global;
static hpystate_pointer pointer;
static hpystate_capsule capsule = HPYSTATE_DATETIME_CAPSULE;
static hpystate_capsule arrays = HPYSTATE_NUMPY_CAPSULE;
static PyObject *make(void *arg) { (void)arg; return NULL; }
static void *make_pointer(void *arg) { return arg; }
static void destroy(void *memory) { (void)memory; }
#ifdef __cplusplus
extern "C"
#endif
int use(PyObject *object);
int use(PyObject *object) {
    PyObject *out;
    const hpystate_interpreter *here = hpystate_current();
    if (hpystate_import() < 0 || hpystate_global_store(&global, object) < 0) return -1;
    if (hpystate_global_borrow(&global) != hpystate_global_borrow_in(here, &global)) return -1;
    if (hpystate_global_get_ref(&global, &out) < 0) return -1;
    if (hpystate_global_get_or_init(&global, make, NULL) == NULL) return -1;
    if (hpystate_global_import(&global, "module", "attribute") == NULL) return -1;
    if (hpystate_call(&global, &object, 1, NULL) == NULL) return -1;
    if (hpystate_call_method(&global, &object, 1, NULL) == NULL) return -1;
    if (hpystate_type_check(object, &global) + hpystate_is(object, &global)) return -1;
    if (hpystate_new(&global) == NULL || hpystate_getattr(object, &global) == NULL) return -1;
    if (hpystate_getitem(&global, object) == NULL) return -1;
    if (hpystate_setitem(&global, object, object) < 0) return -1;
    if (hpystate_err_matches(&global)) return -1;
    hpystate_err_set_string(&global, "message");
    hpystate_err_set_object(&global, object);
    hpystate_err_format(&global, "%d", 1);
    if (hpystate_pointer_get(&pointer) == NULL) return -1;
    if (hpystate_pointer_set(&pointer, &pointer, destroy) < 0) return -1;
    if (!hpystate_pointer_get_or_init(&pointer, make_pointer, &pointer, destroy)) return -1;
    return hpystate_capsule_get(&capsule) == hpystate_capsule_get(&arrays) ? -1 : 0;
}
"""
NOT_USED = '#include "copied.h"\ntypedef int used;\n'

COMPILERS = [
    pytest.param(
        name,
        standard,
        marks=[
            pytest.mark.skipif(
                shutil.which(name) is None,
                reason=f"{name} is not installed; the package clang has it",
            ),
            *([] if name == "gcc" else [pytest.mark.long]),
        ],
        id=f"{name}-{standard}",
    )
    for name, standard in (
        ("gcc", "c11"),
        ("clang", "c11"),
        ("g++", "c++17"),
        ("clang++", "c++17"),
        ("g++", "c++20"),
    )
]
APIS = {
    "full": [],
    "limited": [LIMITED],
    "static": ["-DHPYSTATE_GLOBAL_STATIC"],
    "limited-static": [LIMITED, "-DHPYSTATE_GLOBAL_STATIC"],
    "checked": ["-DHPYSTATE_GLOBAL_CHECKED"],
    "embed": ["-DHPYSTATE_GLOBAL_EMBED"],
}
if sys.version_info >= (3, 15):
    APIS["abi3t"] = ["-DPy_LIMITED_API=0x030F0000", "-DPy_TARGET_ABI3T=0x030F0000"]
API_PARAMS = [
    pytest.param(api, marks=LIMITED_API.marks) if LIMITED in flags else api
    for api, flags in APIS.items()
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copy(include_folder() / "hpystate" / "global.h", tmp_path / "copied.h")
    return tmp_path


@pytest.mark.parametrize("api", API_PARAMS)
@pytest.mark.parametrize(("compiler", "standard"), COMPILERS)
def test_the_header_compiles_alone_and_without_a_warning(
    folder: Path, compiler: str, standard: str, api: str
) -> None:
    cxx = compiler.endswith("++")
    command = [compiler, f"-std={standard}", "-O2", "-fPIC", *WARNINGS, "-Wshadow", *APIS[api]]
    command += ["-Wold-style-cast", "-Wno-error=old-style-cast"] if cxx else ["-Wstrict-prototypes"]
    command += [f"-isystem{sysconfig.get_path('include')}", f"-I{folder}"]
    command += ["-x", "c++" if cxx else "c", "-c", "-", "-o", "/dev/null"]
    variants = [[], ["-fno-exceptions", "-fvisibility=hidden"], ["-O0"]]
    for text in (USES, NOT_USED):
        for more in variants[:1] if api == "embed" else variants:  # it differs in one function
            made = subprocess.run(
                [*command, *more], input=text, capture_output=True, text=True, check=False
            )
            assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("level", ["-O0", "-O1", "-Og", "-Os", "-O2", "-O3"])
def test_one_function_alone_compiles_without_a_warning(folder: Path, level: str) -> None:
    """What a compiler believes about a variable depends on what it inlines."""
    text = """
        #include "copied.h"
        void *use(const hpystate_pointer *pointer);
        void *use(const hpystate_pointer *pointer) { return hpystate_pointer_get(pointer); }
    """
    command = ["gcc", level, "-fPIC", *WARNINGS, f"-isystem{sysconfig.get_path('include')}"]
    command += [f"-I{folder}", "-x", "c", "-c", "-", "-o", "/dev/null"]
    made = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stderr


@pytest.mark.parametrize("version", ["0x030B0000", "3"])
def test_an_older_limited_api_is_refused_by_a_message(folder: Path, version: str) -> None:
    command = ["gcc", f"-DPy_LIMITED_API={version}", f"-isystem{sysconfig.get_path('include')}"]
    command += [f"-I{folder}", "-x", "c", "-fsyntax-only", "-"]
    made = subprocess.run(command, input=NOT_USED, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    assert "needs CPython 3.12, and Py_LIMITED_API=0x030C0000 or later" in made.stderr


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (LIMITED, "HPYSTATE_GLOBAL_EMBED is for one version of CPython; omit Py_LIMITED_API"),
        ("-DHPYSTATE_GLOBAL_STATIC", "define HPYSTATE_GLOBAL_EMBED or HPYSTATE_GLOBAL_STATIC"),
    ],
)
def test_what_does_not_go_together_is_refused_by_a_message(
    folder: Path, other: str, message: str
) -> None:
    command = ["gcc", "-DHPYSTATE_GLOBAL_EMBED", other, f"-I{folder}"]
    command += [f"-isystem{sysconfig.get_path('include')}", "-x", "c", "-fsyntax-only", "-"]
    made = subprocess.run(command, input=NOT_USED, capture_output=True, text=True, check=False)
    assert made.returncode != 0
    assert message in made.stderr


@pytest.mark.parametrize("macro", ["HPYSTATE_GLOBAL_STATIC", "HPYSTATE_GLOBAL_EMBED"])
def test_hpys_context_is_that_of_the_package_alone(folder: Path, macro: str) -> None:
    text = NOT_USED + "void *here(void);\nvoid *here(void) { return hpystate_context(); }\n"
    command = ["gcc", "-Wall", "-Werror", f"-isystem{sysconfig.get_path('include')}", f"-I{folder}"]
    command += ["-x", "c", "-fsyntax-only", "-"]
    good, bad = (
        subprocess.run([*command, *more], input=text, capture_output=True, text=True, check=False)
        for more in ([], [f"-D{macro}"])
    )
    assert good.returncode == 0, good.stderr
    assert bad.returncode != 0
    assert "hpystate_context" in bad.stderr


def macros_of(text: str, folder: Path) -> set[str]:
    command = ["gcc", f"-isystem{sysconfig.get_path('include')}", f"-I{folder}", "-E", "-dM"]
    made = subprocess.run(
        [*command, "-x", "c", "-"], input=text, capture_output=True, text=True, check=True
    )
    return {line.split()[1].partition("(")[0] for line in made.stdout.splitlines()}


def test_every_name_begins_with_ours(folder: Path) -> None:
    """Macros are seen by the preprocessor; functions, types and variables in the text."""
    include = "#include <Python.h>\n#include <stdarg.h>\n#include <stddef.h>\n#include <stdint.h>\n"
    include += "#include <string.h>\n"
    new = macros_of(include + NOT_USED, folder) - macros_of(include, folder)
    assert len(new) > 10
    assert [name for name in sorted(new) if not name.startswith("HPYSTATE_")] == []
    objects = subprocess.run(
        [
            *("gcc", "-fPIC", "-c", "-x", "c", "-", "-o", str(folder / "uses.o"), f"-I{folder}"),
            f"-isystem{sysconfig.get_path('include')}",
        ],
        input=USES,
        capture_output=True,
        text=True,
        check=True,
    )
    assert objects.stderr == ""
    text = subprocess.run(
        ["nm", "--defined-only", str(folder / "uses.o")], capture_output=True, text=True, check=True
    ).stdout
    own = {"global", "pointer", "capsule", "arrays", "make", "make_pointer", "destroy", "use"}
    names = {line.split()[-1].partition(".")[0] for line in text.splitlines()} - own
    of_python = subprocess.run(
        ["gcc", f"-isystem{sysconfig.get_path('include')}", "-E", "-x", "c", "-"],
        input=include,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    ours = [name for name in sorted(names) if not re.search(rf"\b{name}\b", of_python)]
    assert len(ours) > 10
    assert [name for name in ours if not name.startswith("hpystate_")] == []
