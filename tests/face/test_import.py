"""test_import.py: hpystate_import(): how a file finds the runtime, and what it refuses."""

from __future__ import annotations

import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hpystate._native
from hpystate.testing import Interpreter
from tests.face.plain import compile_module, compile_plain, load, load_code, module_source

IMPORTS = """
    static hpystate_global value;
    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(&value, arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        PyObject *found;
        (void)self; (void)arg;
        if (hpystate_global_get_ref(&value, &found) < 0) return NULL;
        if (found == NULL) Py_RETURN_NONE;
        return found;
    }
    static PyObject *table(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return PyLong_FromVoidPtr((void *)hpystate_unstable_link.table);
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""

# Capsules that are not what they seem, and tables of other versions.
FORGER = """
    static struct hpystate_table_header other = {7, 3, NULL};
    static PyObject *forge(const char *name, void *pointer, void *context) {
        PyObject *capsule = PyCapsule_New(pointer, name, NULL);
        if (capsule != NULL) PyCapsule_SetContext(capsule, context);
        return capsule;
    }
    static PyObject *forged(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return forge(HPYSTATE_GLOBAL_CAPSULE, (void *)8, NULL);  /* a crash where it is read */
    }
    static PyObject *foreign(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return forge("hpystate._native.other_api", (void *)8, (void *)8);
    }
    static PyObject *wrong_version(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        other.previous = NULL;
        return forge(HPYSTATE_GLOBAL_CAPSULE, &other, &other);
    }
    static PyObject *older_version(PyObject *self, PyObject *arg) {
        static struct hpystate_table_header older = {HPYSTATE_GLOBAL_MAJOR, 0, NULL};
        (void)self; (void)arg;
        return forge(HPYSTATE_GLOBAL_CAPSULE, &older, &older);
    }
    static PyObject *later_version(PyObject *self, PyObject *arg) {
        (void)self;
        other.previous = (const struct hpystate_table_header *)PyCapsule_GetPointer(
            arg, HPYSTATE_GLOBAL_CAPSULE);
        return forge(HPYSTATE_GLOBAL_CAPSULE, &other, &other);
    }
    static int on_exec(PyObject *module) { (void)module; return 0; }
"""


def compile_imports(flags: tuple[str, ...] = ()) -> Path:
    return compile_module("imports", IMPORTS, ["put"], noargs=["get", "table"], flags=flags)


@pytest.fixture
def forger() -> ModuleType:
    return load(
        "forger",
        compile_module(
            "forger",
            FORGER,
            ["later_version"],
            noargs=["forged", "foreign", "wrong_version", "older_version"],
        ),
    )


@pytest.fixture
def capsule() -> Iterator[object]:
    """What a test does to hpystate._native.global_api is undone."""
    kept = hpystate._native.global_api
    yield kept
    hpystate._native.global_api = kept


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("forged", "was not made by hpystate: its context is not its pointer"),
        ("foreign", "is not the capsule hpystate._native.global_api"),
        (
            "wrong_version",
            r"needs version 1\.1 of hpystate's globals, and the installed hpystate has 7\.3",
        ),
        (
            "older_version",
            r"needs version 1\.1 of hpystate's globals, and the installed hpystate has 1\.0",
        ),
    ],
)
def test_a_capsule_that_does_not_fit_is_refused(
    forger: ModuleType, capsule: object, kind: str, message: str
) -> None:
    assert capsule is not None
    hpystate._native.global_api = getattr(forger, kind)()
    with pytest.raises(ImportError, match=message):
        load("imports", compile_imports())


@pytest.mark.parametrize("word", ["a word", None])
def test_something_else_than_a_capsule_is_refused(capsule: object, word: object) -> None:
    assert capsule is not None
    hpystate._native.global_api = word
    with pytest.raises(ImportError, match="is not the capsule"):
        load("imports", compile_imports())


def test_a_later_major_version_leads_to_the_one_that_a_file_knows(
    forger: ModuleType, capsule: object, child: Callable
) -> None:
    plain = load("imports", compile_imports()).table()
    hpystate._native.global_api = forger.later_version(capsule)
    module = load("imports", compile_imports(("-DHPYSTATE_ANOTHER_FILE",)))
    module.put(["value"])
    assert module.get() == ["value"]
    assert module.table() == plain


def test_a_stand_in_for_the_runtime_is_older(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hpystate._native", types.ModuleType("hpystate._native"))
    with pytest.raises(ImportError, match="has no hpystate._native.global_api, so it is older"):
        load("imports", compile_imports())


def test_without_the_package_the_error_names_what_to_type(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hpystate._native", None)
    with pytest.raises(ImportError, match="python -m pip install hpystate") as caught:
        load("imports", compile_imports())
    assert "-DHPYSTATE_GLOBAL_STATIC" in str(caught.value)
    assert isinstance(caught.value.__cause__, ModuleNotFoundError)


def test_as_a_plain_static_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hpystate._native", None)
    body = IMPORTS.replace("(void *)hpystate_unstable_link.table", "NULL")
    flags = ("-DHPYSTATE_GLOBAL_STATIC",)
    file = compile_module("plain", body, ["put"], noargs=["get", "table"], flags=flags)
    module = load("plain", file)
    value = ["value"]
    before = sys.getrefcount(value)
    assert module.get() is None
    module.put(value)
    assert module.get() is value
    assert sys.getrefcount(value) == before + 1
    module.put(None)
    assert sys.getrefcount(value) == before
    with Interpreter("own") as other:
        code = load_code("plain", file)
        answer = other.run(f"try:\n    exec({code!r})\nexcept ImportError as e: answer = str(e)")
    assert "does not support loading in subinterpreters" in answer


# ---- several files of one extension ----

SHARED = """
    #include <hpystate/global.h>
    extern hpystate_global shared;
    PyObject *get_in_other_file(void);
    int store_in_other_file(PyObject *object);
"""
OTHER_FILE = """
    static hpystate_global own;
    hpystate_global shared;
    PyObject *get_in_other_file(void) {
        PyObject *both = hpystate_global_borrow(&own), *found = hpystate_global_borrow(&shared);
        return both != NULL ? Py_BuildValue("(OO)", both, found) : NULL;
    }
    int store_in_other_file(PyObject *object) { return hpystate_global_store(&own, object); }
"""
FIRST_FILE = """
    static PyObject *put(PyObject *self, PyObject *arg) {
        (void)self;
        if (hpystate_global_store(&shared, arg) < 0 || store_in_other_file(arg) < 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *get(PyObject *self, PyObject *arg) {
        (void)self; (void)arg;
        return get_in_other_file();
    }
    static int on_exec(PyObject *module) { (void)module; return hpystate_import(); }
"""


@pytest.mark.parametrize("visibility", ["hidden", "default"])
@pytest.mark.parametrize("cxx", [False, True], ids=["c", "c++"])
def test_the_files_of_an_extension_have_one_link(
    tmp_path: Path, visibility: str, cxx: bool
) -> None:
    """Two such extensions, loaded beside each other, have one each."""
    modules = []
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        text = module_source(name, SHARED + FIRST_FILE, ["put"], ["get"])
        (folder / "one.c").write_text(text)
        if cxx:
            linkage = f'extern "C" {{ {SHARED} }}\n'.replace("#include <hpystate/global.h>", "")
            start = "#include <hpystate/global.h>\n" + linkage
            other = f'extern "C" {{\n{OTHER_FILE}\n}}\n'
            (folder / "two.cpp").write_text(start + other)
            sources = [folder / "one.c", folder / "two.cpp"]
        else:
            (folder / "two.c").write_text(SHARED + OTHER_FILE)
            sources = [folder / "one.c", folder / "two.c"]
        flags = (f"-fvisibility={visibility}", *(("-fno-exceptions",) if cxx else ()))
        modules.append(load(name, compile_plain(name, sources, folder, flags=flags)))
    for number, module in enumerate(modules):
        module.put([number])
    for number, module in enumerate(modules):
        assert module.get() == ([number], [number])


@pytest.mark.parametrize("visibility", ["hidden", "default"])
def test_nothing_of_the_header_is_exported(tmp_path: Path, visibility: str) -> None:
    source = tmp_path / "imports.c"
    source.write_text(module_source("imports", IMPORTS, ["put"], ["get", "table"]))
    file = compile_plain("imports", [source], tmp_path, flags=(f"-fvisibility={visibility}",))
    text = subprocess.run(
        ["nm", "-D", "--defined-only", str(file)], capture_output=True, text=True, check=True
    ).stdout
    assert [line.split()[-1] for line in text.splitlines()] == ["PyInit_imports"]
