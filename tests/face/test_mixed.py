"""test_mixed.py: an extension whose files were compiled in two ways is refused, by a message that
names the macro; where they agree they share a global."""

from __future__ import annotations

import os
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import include_folder
from tests.face.plain import HEAD, SUFFIX, TAIL, WARNINGS, embed_link, load

FIRST = (
    HEAD
    + """
hpystate_global shared;
int second_import(void);
PyObject *second_get(void);
static PyObject *put(PyObject *self, PyObject *arg) {
    (void)self;
    if (hpystate_global_store(&shared, arg) < 0) return NULL;
    Py_RETURN_NONE;
}
static PyObject *get(PyObject *self, PyObject *arg) {
    (void)self; (void)arg;
    return second_get();
}
static int on_exec(PyObject *module) {
    (void)module;
    return hpystate_import() < 0 ? -1 : second_import();
}
static PyMethodDef methods[] = {
    {"put", put, METH_O, NULL}, {"get", get, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
#pragma GCC diagnostic ignored "-Wpedantic"
"""
    + TAIL.replace("NAME", "mixed").replace("EXEC_SLOT", "(void *)on_exec")
)
SECOND = (
    HEAD
    + """
extern hpystate_global shared;
int second_import(void);
PyObject *second_get(void);
int second_import(void) { return IMPORT; }
PyObject *second_get(void) {
    PyObject *found;
    if (hpystate_global_get_ref(&shared, &found) < 0) return NULL;
    return found != NULL ? found : PyUnicode_FromString("nothing");
}
"""
)
EMBED, STATIC = "-DHPYSTATE_GLOBAL_EMBED", "-DHPYSTATE_GLOBAL_STATIC"


def build(folder: Path, first: str, second: str, second_imports: str = "hpystate_import()") -> Path:
    """`first` and `second` are the macro of a file, or "". Linked with the library in any case."""
    compiler = os.environ.get("CC", "cc")
    objects = []
    text = SECOND.replace("IMPORT", second_imports)
    for name, source, macro in (("first", FIRST, first), ("second", text, second)):
        file = folder / f"{name}.c"
        file.write_text(source)
        objects.append(str(folder / f"{name}.o"))
        command = [compiler, "-O2", "-fPIC", *WARNINGS, f"-I{include_folder()}"]
        command += [f"-isystem{sysconfig.get_path('include')}", *([macro] if macro else [])]
        subprocess.run([*command, "-c", str(file), "-o", objects[-1]], check=True)
    made = folder / f"mixed{SUFFIX}"
    subprocess.run([compiler, "-shared", *objects, *embed_link(), "-o", str(made)], check=True)
    return made


@pytest.mark.parametrize(
    ("first", "second"),
    [(EMBED, ""), ("", EMBED), (STATIC, ""), ("", STATIC), (STATIC, EMBED), (EMBED, STATIC)],
)
def test_two_ways_are_refused_by_a_message_that_names_the_macro(
    tmp_path: Path, first: str, second: str
) -> None:
    macro = STATIC if STATIC in (first, second) else EMBED
    told = f"one file of this extension was compiled with {macro} and another one without"
    with pytest.raises(ImportError, match=rf"^hpystate_import: {told}: .* with it, or none\.$"):
        load("mixed", build(tmp_path, first, second))


@pytest.mark.parametrize(("first", "second"), [(STATIC, ""), ("", STATIC), (EMBED, STATIC)])
def test_a_plain_static_is_refused_where_one_file_imports(
    tmp_path: Path, first: str, second: str
) -> None:
    with pytest.raises(ImportError, match=f"was compiled with {STATIC} and another one without"):
        load("mixed", build(tmp_path, first, second, "0"))


@pytest.mark.parametrize("way", [EMBED, STATIC, ""])
def test_one_way_shares_a_global(tmp_path: Path, way: str) -> None:
    module = load("mixed", build(tmp_path, way, way))
    assert module.get() == "nothing"
    module.put(["value"])
    assert module.get() == ["value"]


def test_a_file_that_does_not_import_needs_no_macro(tmp_path: Path) -> None:
    module = load("mixed", build(tmp_path, EMBED, "", "0"))
    module.put(["value"])
    assert module.get() == ["value"]
