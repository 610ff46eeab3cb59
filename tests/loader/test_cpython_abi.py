"""test_cpython_abi.py: extension modules of CPython's, compiled from HPy source: how they are
imported, and that their globals have one value per interpreter."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import subprocess
import sys
import sysconfig
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.errors import LoadError
from hpystate.testing import Interpreter, compile_snippet

GLOBALS = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal value;
    static HPyGlobal *globals[] = {&value, NULL};
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
    HPyDef_METH(is_it, "is_it", HPyFunc_O)
    static HPy is_it_impl(HPyContext *ctx, HPy self, HPy object) {
        (void)self;
        return HPyBool_FromBool(ctx, HPy_Is_g(ctx, object, value));
    }
    HPyDef_METH(is_fused, "is_fused", HPyFunc_NOARGS)
    static HPy is_fused_impl(HPyContext *ctx, HPy self) {
        (void)self;
        return HPyBool_FromBool(ctx, ctx->_private == (const void *)hpystate_plain_table());
    }
    HPyDef_METH(builtins, "builtins", HPyFunc_NOARGS)
    static HPy builtins_impl(HPyContext *ctx, HPy self) {
        (void)self;
        return HPy_Dup(ctx, ctx->h_Builtins);
    }
    static HPyDef *defines[] = {&store, &load, &is_it, &is_fused, &builtins, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(NAME, definition)
"""


def load(name: str, source: str) -> ModuleType:
    """The module of a snippet, imported by CPython's own loader."""
    return import_file(name, compile_snippet(name, source.replace("NAME", name), abi="cpython"))


def import_file(name: str, path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def bind(name: str, path: Path) -> str:
    """Code that imports it in another interpreter, without hpystate.install()."""
    return f"import sys; sys.path.insert(0, {str(path.parent)!r}); import {name}"


@pytest.mark.skipif(
    bool(sysconfig.get_config_var("Py_DEBUG")),
    reason="a load of nothing returns NULL without an exception, and a debug build aborts there",
)
def test_a_global_has_one_value_in_each_interpreter() -> None:
    path = compile_snippet("kept", GLOBALS.replace("NAME", "kept"), abi="cpython")
    module = import_file("kept", path)
    module.store("main")

    with Interpreter("own") as own, Interpreter("own") as other, Interpreter("shared") as legacy:
        for interpreter in (own, other, legacy):
            interpreter.run(bind("kept", path))
            answer = interpreter.run(
                "import builtins\n"
                "x = object(); before = None\n"
                "try: kept.load()\n"
                "except SystemError as e: before = 'nothing was stored'\n"
                "kept.store(x)\n"
                "answer = (before, kept.is_it(x), kept.is_it(sys), kept.is_fused(),"
                " kept.builtins() is vars(builtins))"
            )
            assert answer == ("nothing was stored", True, False, True, True)
        own.run("kept.store('own')")
        other.run("kept.store('other')")

        assert [i.run("answer = kept.load()") for i in (own, other)] == ["own", "other"]
        assert (module.load(), module.is_it("main"), module.is_fused()) == ("main", True, True)
        assert legacy.run("answer = kept.is_it(x)")


def test_the_name_is_that_of_cpythons_own_modules() -> None:
    path = compile_snippet("kept", GLOBALS.replace("NAME", "kept"), abi="cpython")

    assert path.name.endswith(importlib.machinery.EXTENSION_SUFFIXES[0])


def test_a_name_that_the_locale_cannot_encode_is_one_too() -> None:
    """Names of modules are UTF-8; paths are as the file system has them."""
    path = compile_snippet("kept", GLOBALS.replace("NAME", "kept"), abi="cpython")
    code = """
import importlib.util, sys
assert sys.getfilesystemencoding() == "ascii"
spec = importlib.util.spec_from_file_location("caf\\xe9.kept", sys.argv[1])
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
print(ascii(module.__name__))
"""
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | locale,
    )

    assert result.stdout == "'caf\\xe9.kept'\n", result.stderr


def test_objects_pass_between_the_abis() -> None:
    source = GLOBALS.replace("NAME", "passed")
    mine = import_file("passed", compile_snippet("passed", source, abi="cpython"))
    theirs = hpystate.load("passed", compile_snippet("passed", source))
    value = ["an object"]
    theirs.store(value)
    mine.store(theirs.load())

    assert mine.load() is value
    assert mine.builtins() is theirs.builtins()


def test_debug_mode_does_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPY", "debug")
    module = load("undebugged", GLOBALS)
    module.store(1)

    assert module.is_fused()  # its context is the plain one


# ---- errors ----


def run_alone(path: Path, name: str, before: str = "") -> str:
    """What the import writes to stderr in a Python that has no hpystate."""
    code = f"import sys; sys.path.insert(0, {str(path.parent)!r})\n{before}\nimport {name}"
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, timeout=60
    )
    assert result.returncode == 1
    return result.stderr


def test_without_the_runtime_it_is_an_import_error_that_says_what_to_do() -> None:
    path = compile_snippet("lonely", GLOBALS.replace("NAME", "lonely"), abi="cpython")
    text = run_alone(path, "lonely")

    assert "No module named 'hpystate'" in text
    assert "ImportError: module 'lonely' was compiled for the CPython ABI of hpystate" in text
    assert "Install hpystate for this Python" in text


def test_a_runtime_that_has_no_table_is_named_as_older() -> None:
    path = compile_snippet("lonely", GLOBALS.replace("NAME", "lonely"), abi="cpython")
    fake = "import types; fake = types.ModuleType('x')\n"
    fake += "sys.modules['hpystate'] = sys.modules['hpystate._native'] = fake"

    assert "it is older than the module" in run_alone(path, "lonely", fake)


def test_a_file_for_another_python_is_refused_by_name() -> None:
    change = "#undef PY_VERSION_HEX\n#define PY_VERSION_HEX 0x030B00F0\nHPy_MODINIT"
    with pytest.raises(LoadError, match=r"was compiled for Python 3\.11, and this is") as raised:
        load("elsewhere", textwrap.dedent(GLOBALS).replace("HPy_MODINIT", change))

    assert raised.value.kind == "other-python"


def test_a_file_whose_inline_code_expects_another_layout_is_refused() -> None:
    change = "#undef _HPY_CPY_FIELDS\n#define _HPY_CPY_FIELDS 9\nHPy_MODINIT"
    with pytest.raises(LoadError, match="another layout of objects") as raised:
        load("misplaced", textwrap.dedent(GLOBALS).replace("HPy_MODINIT", change))

    assert raised.value.kind == "unsupported-version"


def test_a_null_handle_raises_as_in_a_universal_module() -> None:
    """An inline form leaves it to the context's function, which names the operand."""
    source = """
        #include <hpy.h>
        HPyDef_METH(add, "add", HPyFunc_O)
        static HPy add_impl(HPyContext *ctx, HPy self, HPy object) {
            (void)self;
            return HPy_Add(ctx, object, HPy_NULL);
        }
        HPyDef_METH(number, "number", HPyFunc_NOARGS)
        static HPy number_impl(HPyContext *ctx, HPy self) {
            (void)self;
            return HPyLong_AsInt32_t(ctx, HPy_NULL) == -1 ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
        }
        HPyDef_METH(narrow, "narrow", HPyFunc_O)
        static HPy narrow_impl(HPyContext *ctx, HPy self, HPy object) {
            const int32_t value = HPyLong_AsInt32_t(ctx, object);
            (void)self;
            return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLong(ctx, value);
        }
        static HPyDef *defines[] = {&add, &number, &narrow, NULL};
        static HPyModuleDef definition = {.defines = defines};
        HPy_MODINIT(NAME, definition)
    """
    module = load("nulls", source)

    with pytest.raises(SystemError, match="HPy_Add: .*HPy_NULL"):
        module.add(1)
    with pytest.raises(SystemError, match="HPyLong_AsInt32_t: .*HPy_NULL"):
        module.number()
    assert [module.narrow(each) for each in (-1, 2**31 - 1, -(2**31))] == [-1, 2**31 - 1, -(2**31)]
    for each in (2**31, -(2**31) - 1, 2**70):
        with pytest.raises(OverflowError):
            module.narrow(each)


# ---- which interpreters ----


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (
            "worded",
            ".defines = defines};\n HPy_EXPORTED_FUNC const char *"
            'hpystate_interpreters_worded(void) { return "shared-gil"; }',
        ),
        (
            "legacied",
            ".defines = defines, .legacy_methods = legacy};",
        ),
    ],
)
def test_a_module_with_parts_of_the_c_api_or_a_word_shares_the_gil(name: str, change: str) -> None:
    source = """
        #include <hpy.h>
        HPyDef_METH(one, "one", HPyFunc_NOARGS)
        static HPy one_impl(HPyContext *ctx, HPy self) {
            (void)self;
            return HPyLong_FromLong(ctx, 1);
        }
        static PyObject *two(PyObject *self, PyObject *none) {
            (void)self, (void)none;
            return PyLong_FromLong(2);
        }
        static PyMethodDef legacy[] = {{"two", two, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
        HPyAPI_UNUSED PyMethodDef *used(void) { return legacy; }
        static HPyDef *defines[] = {&one, NULL};
        static HPyModuleDef definition = {CHANGE
        HPy_MODINIT(NAME, definition)
    """.replace("CHANGE", change)
    path = compile_snippet(name, source.replace("NAME", name), abi="cpython")

    assert import_file(name, path).one() == 1
    with Interpreter("shared") as legacy:
        assert legacy.run(f"{bind(name, path)}; answer = {name}.one()") == 1
    with Interpreter("own") as own:
        own.run(f"import sys; sys.path.insert(0, {str(path.parent)!r})")
        code = f"try: import {name}\nexcept ImportError as error: answer = str(error)"
        assert "this interpreter has a GIL of its own" in own.run(code)


# ---- the module object ----

EXEC = """
    #include <hpy.h>
    static HPyGlobal value;
    static HPyGlobal *globals[] = {&value, NULL};
    HPyDef_SLOT(first, HPy_mod_exec)
    static int first_impl(HPyContext *ctx, HPy module) {
        HPyGlobal_Store(ctx, &value, ctx->h_True);
        return HPy_SetAttr_s(ctx, module, "ran", ctx->h_True);
    }
    HPyDef_SLOT(second, HPy_mod_exec)
    static int second_impl(HPyContext *ctx, HPy module) {
        (void)module;
        BODY
    }
    static HPyDef *defines[] = {&first, &second, NULL};
    static HPyModuleDef definition = {.doc = "a text", .defines = defines, .globals = globals};
    HPy_MODINIT(NAME, definition)
"""


def test_all_exec_slots_run() -> None:
    module = load(
        "executed", EXEC.replace("BODY", 'return HPy_SetAttr_s(ctx, module, "x", module);')
    )

    assert module.ran is True
    assert module.x is module
    assert module.__doc__ == "a text"
    assert module.__spec__.origin == module.__file__


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ('HPyErr_SetString(ctx, ctx->h_KeyError, "mine"); return -1;', KeyError),
        ("(void)ctx; return -1;", SystemError),
        ('HPyErr_SetString(ctx, ctx->h_KeyError, "mine"); return 0;', SystemError),
    ],
)
def test_an_exec_slot_that_fails_fails_the_import(body: str, error: type[Exception]) -> None:
    values = hpystate._native.state()["values"]
    with pytest.raises(error):
        load("failing", EXEC.replace("BODY", body))

    assert hpystate._native.state()["values"] == values


def test_a_create_slot_makes_the_object() -> None:
    source = """
        #include <hpy.h>
        HPyDef_SLOT(make, HPy_mod_create)
        static HPy make_impl(HPyContext *ctx, HPy spec) { return HPy_GetAttr_s(ctx, spec, "name"); }
        static HPyDef *defines[] = {&make, NULL};
        static HPyModuleDef definition = {.defines = defines};
        HPy_MODINIT(NAME, definition)
    """
    path = compile_snippet("created", source.replace("NAME", "created"), abi="cpython")
    spec = importlib.util.spec_from_file_location("created", path)
    assert spec is not None and spec.loader is not None

    assert spec.loader.create_module(spec) == "created"


def test_a_module_is_freed_with_its_count() -> None:
    """Else no region of an interpreter that had the module would serve again."""
    path = compile_snippet("kept", GLOBALS.replace("NAME", "kept"), abi="cpython")
    code = f"""
import sys
sys.path.insert(0, {str(path.parent)!r})
from hpystate import _native
from hpystate.testing import Interpreter
counts = []
for _ in range(12):
    with Interpreter("own") as own:
        own.run("import sys; sys.path.insert(0, {str(path.parent)!r}); import kept")
        own.run("kept.store([1])")
    counts.append(_native.state()["regions"])
assert counts[-1] == counts[3], counts
"""
    paths = os.pathsep.join([str(Path(hpystate.__file__).absolute().parents[1])])
    subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        timeout=120,
        env=os.environ | {"PYTHONPATH": paths},
    )
