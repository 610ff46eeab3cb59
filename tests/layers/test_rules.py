"""test_rules.py: what debug mode reports for a broken rule of docs/rules.md, and what not.

The page names these tests, and those of other files that tried a rule before.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet
from tests.layers.conftest import Told, told_in

SOURCE = """
    #include <hpy.h>
    static HPyGlobal kept, copy;

    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &kept, value);
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(copy_slot, "copy_slot", HPyFunc_NOARGS)
    static HPy copy_slot_impl(HPyContext *ctx, HPy self) {
        copy = kept;
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(restore, "restore", HPyFunc_NOARGS)
    static HPy restore_impl(HPyContext *ctx, HPy self) {
        copy._i = (intptr_t)&copy;
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(load_copy, "load_copy", HPyFunc_NOARGS)
    static HPy load_copy_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, copy); }
    HPyDef_METH(store_copy, "store_copy", HPyFunc_O)
    static HPy store_copy_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &copy, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(close_twice, "close_twice", HPyFunc_NOARGS)
    static HPy close_twice_impl(HPyContext *ctx, HPy self) {
        HPy number = HPyLong_FromLong(ctx, 4711);
        HPy_Close(ctx, number);
        HPy_Close(ctx, number);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(build_twice, "build_twice", HPyFunc_NOARGS)
    static HPy build_twice_impl(HPyContext *ctx, HPy self) {
        HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 1);
        HPyTupleBuilder_Set(ctx, builder, 0, ctx->h_None);
        HPy first = HPyTupleBuilder_Build(ctx, builder);
        HPy second = HPyTupleBuilder_Build(ctx, builder);
        HPy_Close(ctx, second);
        HPyErr_Clear(ctx);
        return first;
    }
    HPyDef_METH(load_unchecked, "load_unchecked", HPyFunc_NOARGS)
    static HPy load_unchecked_impl(HPyContext *ctx, HPy self) {
        HPy value = HPyGlobal_Load(ctx, kept);
        HPy text = HPy_GetAttr_s(ctx, value, "real");
        HPy_Close(ctx, value);
        return text;
    }
    static HPyDef *defines[] = {
        &put, &copy_slot, &restore, &load_copy, &store_copy, &close_twice, &build_twice,
        &load_unchecked, NULL,
    };
    static HPyGlobal *globals[] = {&kept, &copy, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(rules, definition)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("rules", SOURCE)


@pytest.fixture
def module(file: Path) -> ModuleType:
    return hpystate.load("rules", file, mode="debug")


def test_a_store_to_a_copied_slot_is_reported_and_a_load_of_it_is_not(
    module: ModuleType, told: Told
) -> None:
    module.put("original")
    module.copy_slot()
    try:
        assert module.load_copy() == "original", "a copy reads what the original holds"
        assert told == []

        module.store_copy("other")
        ((kind, text),) = told
        assert kind == "global"
        assert "copy, globals[1] of module rules" in text
        assert "does not hold its own address" in text
    finally:
        module.restore()


def test_a_handle_that_is_closed_twice_is_reported(module: ModuleType, told: Told) -> None:
    module.close_twice()

    ((kind, text),) = told
    assert kind == "handle"
    assert text.startswith("HPy_Close") and "was closed before" in text


def test_a_builder_that_is_built_twice_is_reported(module: ModuleType, told: Told) -> None:
    assert module.build_twice() == (None,)

    ((kind, text),) = told
    assert kind == "builder"
    assert "was built or cancelled before" in text


def test_a_load_of_nothing_is_no_report_and_using_it_is_a_system_error(file: Path) -> None:
    with Interpreter() as interpreter, told_in(interpreter) as told:
        raised = interpreter.run(f"""
            rules = hpystate.load("rules", {str(file)!r}, mode="debug")
            try:
                rules.load_unchecked()
            except SystemError as error:
                answer = str(error)
        """)

    assert told == []
    assert "HPy_GetAttr_s" in raised


FOREIGN = """
    #include <Python.h>
    #include <hpy.h>
    static HPyGlobal kept;
    HPyDef_METH(put_at, "put_at", HPyFunc_O)
    static HPy put_at_impl(HPyContext *ctx, HPy self, HPy address) {
        HPy object = HPy_FromPyObject(ctx, (PyObject *)HPyLong_AsSsize_t(ctx, address));
        HPyGlobal_Store(ctx, &kept, object);
        HPyGlobal_Store(ctx, &kept, HPy_NULL);
        HPy_Close(ctx, object);
        return HPy_Dup(ctx, ctx->h_None);
    }
    static HPyDef *defines[] = {&put_at, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(foreign, definition)
"""


@pytest.mark.parametrize("search", [True, False])
def test_an_object_of_another_interpreter_is_reported_where_the_heap_is_searched(
    search: bool,
) -> None:
    path = str(compile_snippet("foreign", FOREIGN, abi="hybrid"))
    of_main: list[object] = []
    with Interpreter("shared") as other, told_in(other) as told:
        other.run(f"""
            foreign = hpystate.load("foreign", {path!r}, mode="debug")
            hpystate.debug.set_search_heap({search})
            own = []
            foreign.put_at(id(own))
            foreign.put_at({id(of_main)})
            hpystate.debug.set_search_heap(False)
        """)

    assert len(told) == search
    for kind, text in told:
        assert kind == "global"
        assert "kept, globals[0] of module foreign" in text
        assert "another interpreter" in text


LATE = """
    #include <hpy.h>
    static HPyGlobal Type, kept;
    typedef struct { long unused; } Late;
    HPyType_HELPERS(Late)
    HPyDef_SLOT(finalize, HPy_tp_finalize)
    static void finalize_impl(HPyContext *ctx, HPy self) {
        HPyGlobal_Store(ctx, &kept, self);
        HPy value = HPyGlobal_Load(ctx, kept);
        fprintf(stderr, "stored: %d\\n", !HPy_IsNull(value));
        HPy_Close(ctx, value);
    }
    static HPyDef *type_defines[] = {&finalize, NULL};
    static HPyType_Spec spec = {
        .name = "late.Late", .basicsize = sizeof(Late), .builtin_shape = SHAPE(Late),
        .flags = HPy_TPFLAGS_DEFAULT, .defines = type_defines,
    };
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy type = HPyType_FromSpec(ctx, &spec, NULL);
        if (HPy_IsNull(type)) return -1;
        Late *data;
        HPy object = HPy_New(ctx, type, &data);
        HPyGlobal_Store(ctx, &Type, object);
        HPy_Close(ctx, object);
        HPy_Close(ctx, type);
        return 0;
    }
    static HPyDef *defines[] = {&exec, NULL};
    static HPyGlobal *globals[] = {&Type, &kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(late, definition)
"""


@pytest.mark.parametrize("mode", ["universal", "debug"])
def test_a_store_after_the_window_is_closed_has_no_effect_and_no_report(
    child: Callable, mode: str
) -> None:
    path = str(compile_snippet("late", "#include <stdio.h>\n" + LATE.replace("\n    ", "\n")))
    result = child(f"import hpystate; hpystate.load('late', {path!r}, mode={mode!r})")

    assert result.returncode == 0, result.stderr
    assert [line for line in result.stderr.splitlines() if "stored" in line] == ["stored: 0"]
    assert "debug mode:" not in result.stderr
