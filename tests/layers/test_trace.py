"""test_trace.py: trace mode: numbers per interpreter, hooks that stand detached calls."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import trace
from hpystate.testing import Interpreter, compile_snippet

SOURCE = """
    #include <hpy.h>
    HPyDef_METH(add, "add", HPyFunc_VARARGS)
    static HPy add_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        return HPy_Add(ctx, args[0], args[1]);
    }
    HPyDef_METH(leave, "leave", HPyFunc_NOARGS)
    static HPy leave_impl(HPyContext *ctx, HPy self) {
        HPy_BEGIN_LEAVE_PYTHON(ctx)
        HPy_END_LEAVE_PYTHON(ctx)
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(fails, "fails", HPyFunc_NOARGS)
    static HPy fails_impl(HPyContext *ctx, HPy self) {
        HPyErr_SetString(ctx, ctx->h_KeyError, "kept");
        HPyErr_Occurred(ctx);
        return HPy_NULL;
    }
    HPyDef_SLOT(T_repr, HPy_tp_repr)
    static HPy T_repr_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "T"); }
    static HPyDef *T_defines[] = {&T_repr, NULL};
    static HPyType_Spec T_spec = {.name = "traced.T", .defines = T_defines};
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        return HPyHelpers_AddType(ctx, module, "T", &T_spec, NULL) ? 0 : -1;
    }
    static HPyDef *defines[] = {&add, &leave, &fails, &exec, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(traced, def)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("traced", SOURCE)


@pytest.fixture
def module(file: Path) -> ModuleType:
    return hpystate.load("traced", file, mode="trace")


@pytest.fixture
def events() -> Iterator[list[tuple[str, str]]]:
    found: list[tuple[str, str]] = []
    trace.set_trace_functions(
        lambda name: found.append(("enter", name)), lambda name: found.append(("exit", name))
    )
    yield found
    trace.set_trace_functions(on_enter=None, on_exit=None)


def test_hooks_stand_calls_made_without_the_gil(
    module: ModuleType, events: list[tuple[str, str]]
) -> None:
    module.leave()

    assert events == [
        ("enter", "ctx_LeavePythonExecution"),
        ("exit", "ctx_LeavePythonExecution"),
        ("enter", "ctx_ReenterPythonExecution"),
        ("exit", "ctx_ReenterPythonExecution"),
        ("enter", "ctx_Dup"),
        ("exit", "ctx_Dup"),
    ]


def test_functions_of_types_are_traced(module: ModuleType) -> None:
    before = Counter(trace.get_call_counts())

    assert repr(module.T()) == "T"

    assert Counter(trace.get_call_counts()) - before == {"ctx_Unicode_FromString": 1}


def test_each_interpreter_counts_for_itself(file: Path, module: ModuleType) -> None:
    before = trace.get_call_counts()["ctx_Add"]
    with Interpreter() as interpreter:
        there = interpreter.run(
            f"import hpystate, hpystate.trace\n"
            f"m = hpystate.load('traced', {str(file)!r}, mode='trace')\n"
            "for i in range(5): m.add(i, i)\n"
            "answer = hpystate.trace.get_call_counts()['ctx_Add']"
        )
    module.add(1, 2)

    assert there == 5
    assert trace.get_call_counts()["ctx_Add"] == before + 1


def test_a_plain_module_of_the_same_file_is_not_counted(file: Path) -> None:
    before = trace.get_call_counts()["ctx_Add"]

    hpystate.load("traced", file).add(1, 2)

    assert trace.get_call_counts()["ctx_Add"] == before


def test_a_hook_that_raises_loses_nothing(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: seen.append(event.exc_type))
    trace.set_trace_functions(lambda name: 1 / 0, None)
    try:
        with pytest.raises(KeyError, match="kept"):
            module.fails()
    finally:
        trace.set_trace_functions(None, None)

    assert seen == [ZeroDivisionError] * 2


def test_a_hook_that_calls_a_traced_function_is_not_called_for_it(module: ModuleType) -> None:
    seen = []

    def hook(name: str) -> None:
        seen.append(name)
        module.add(1, 2)

    trace.set_trace_functions(hook)
    try:
        module.add(3, 4)
    finally:
        trace.set_trace_functions(None)

    assert seen == ["ctx_Add"]


def test_names_and_units() -> None:
    assert set(trace.get_durations()) == set(trace.get_call_counts())
    context = [name for name in trace.get_call_counts() if name.startswith("ctx_")]
    assert len(context) == 189
    assert "HPy_Call_g" in trace.get_call_counts()
    assert trace.get_frequency() >= 1_000_000
