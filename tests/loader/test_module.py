"""test_module.py: globals of a module that is made, that fails half-way, that is refused."""

from __future__ import annotations

import sysconfig
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import Interpreter, InterpreterError, compile_snippet
from tests.loader.mock import GOOD, KEEPER, VERSIONS, Library

pytestmark = pytest.mark.usefixtures("nothing_is_lost_or_half_registered")


def test_a_slot_that_is_listed_twice_is_accepted(keeper: Path) -> None:
    with Interpreter() as other:
        answer = other.run(f"""
            import hpystate
            module = hpystate.load("keeper", {str(keeper)!r})
            module.put("here")
            answer = module.get(), hpystate._native.state()["slots"]
        """)
    assert answer == ("here", 2)


def test_a_load_before_any_store_is_null_without_an_exception(keeper: Path) -> None:
    with Interpreter() as other:
        answer = other.run(f"""
            import hpystate
            answer = hpystate.load("keeper", {str(keeper)!r}).get()
        """)
    assert answer == "nothing"


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_a_function_can_be_called_before_exec_and_finds_the_callers_interpreter(
    keeper: Path, mode: str
) -> None:
    with Interpreter() as other:
        answer = other.run(f"""
            import importlib.util
            from hpystate.finder import HPyLoader
            loader = HPyLoader("keeper", {str(keeper)!r}, {mode!r})
            spec = importlib.util.spec_from_loader("keeper", loader)
            module = importlib.util.module_from_spec(spec)
            answer = [module.get()]
            module.put("early")
            answer.append(module.get())
        """)
    assert answer == ["nothing", "early"]


def test_a_function_can_be_called_after_the_first_exec_slot_failed(
    keeper: Path, child: Callable
) -> None:
    # The exec slot finds that its interpreter is ending; the module's state is gone again then.
    script = f"""
        import _imp, importlib.util, os
        import hpystate
        from hpystate.finder import HPyLoader
        keeper = hpystate.load("keeper", {str(keeper)!r})
        spec = importlib.util.spec_from_loader("keeper", HPyLoader("keeper", {str(keeper)!r}))
        late = importlib.util.module_from_spec(spec)

        class Late:
            def __init__(self):
                self.late, self.execute, self.error = late, _imp.exec_dynamic, SystemError
                self.write, self.str = os.write, str # builtins are gone then
            def __del__(self):
                try:
                    self.execute(self.late)
                except self.error as error:
                    self.write(1, self.str(error).encode() + b" and ")
                self.write(1, self.late.get().encode())

        keeper.put(Late())
    """
    result = child(textwrap.dedent(script))
    assert result.returncode == 0, result.stderr
    expected = "HPy modules can no longer be imported in it. and nothing"
    assert expected in result.stdout, result.stderr


def test_an_exec_that_fails_half_way_leaves_no_value(
    keeper: Path, interpreter: Interpreter
) -> None:
    answer = interpreter.run(f"""
        import sys, hpystate
        class Value:
            ended = 0
            def __del__(self):
                Value.ended += 1
        sys.keeper_fails = Value()
        try:
            hpystate.load("keeper", {str(keeper)!r})
            raised = None
        except ZeroDivisionError as error:
            raised = str(error)
        del sys.keeper_fails
        state = hpystate._native.state()
        module = hpystate.load("keeper", {str(keeper)!r})
        answer = raised, state["values"], state["slots"], Value.ended, module.get()
    """)
    # Without the GIL a slot's first object is kept until the interpreter ends.
    ended = 0 if sysconfig.get_config_var("Py_GIL_DISABLED") else 1
    assert answer == ("half-way", 0, 2, ended, "nothing")


def test_an_exec_that_fails_leaves_the_values_of_another_module(
    keeper: Path, interpreter: Interpreter
) -> None:
    answer = interpreter.run(f"""
        import sys, hpystate
        first = hpystate.load("keeper", {str(keeper)!r})
        first.put("first")
        sys.keeper_fails = "second"
        try:
            hpystate.load("keeper", {str(keeper)!r})
        except ZeroDivisionError:
            pass
        answer = first.get()
    """)
    assert answer == "second"  # what the failing one stored is kept; nothing was cleared


def test_a_failure_leaves_another_interpreter_whole(
    library: Library, interpreter: Interpreter
) -> None:
    """Every stage of loading fails once in a subinterpreter, and then a good module works there."""
    define = "static Def def = {DEF}; Def *HPyInit_mock(void) { return &def; }"
    sources = {
        "missing-version": "",
        "unsupported-version": VERSIONS.replace("MAJOR", "9"),
        "missing-init": VERSIONS,
        "init-null": VERSIONS + "void *HPyInit_mock(void) { return NULL; }",
        "module-size": VERSIONS + define.replace("DEF", ".size = 8"),
        "read-only-global": VERSIONS
        + "static intptr_t fine; static const intptr_t bad; "
        + "static void *globals[] = {&fine, (void *)&bad, NULL};"
        + define.replace("DEF", ".globals = globals"),
    }
    files = {kind: str(library(text, file=f"{kind}.hpy0.so")) for kind, text in sources.items()}
    good = str(compile_snippet("good", GOOD))
    kinds, states, answer = interpreter.run(f"""
        import hpystate
        kinds, states = [], [hpystate._native.state()]
        for file in {list(files.values())!r}:
            try:
                hpystate.load("mock", file)
            except hpystate.LoadError as error:
                kinds.append(error.kind)
            states.append(hpystate._native.state())
        answer = kinds, states, hpystate.load("good", {good!r}).answer()
    """)
    assert kinds == list(sources)
    assert states == [states[0]] * len(states)
    assert (states[0]["slots"], states[0]["values"]) == (0, 0)
    assert answer == 42


KEPT_BY_A_TYPE = """
    #include <hpy.h>
    #include <stdio.h>
    static HPyGlobal kept;
    static HPyContext *last;
    typedef struct { int unused; } Keeper;
    HPyType_HELPERS(Keeper)
    HPyDef_SLOT(Keeper_finalize, HPy_tp_finalize)
    static void Keeper_finalize_impl(HPyContext *ctx, HPy self) {
        HPyGlobal_Store(ctx, &kept, ctx->h_True);
        HPy h = HPyGlobal_Load(ctx, kept);
        printf("stored and loaded %s %s\\n", HPy_IsNull(h) ? "NULL" : "an object",
               HPyErr_Occurred(ctx) ? "with an exception" : "without an exception");
        fflush(stdout);
        HPy_Close(ctx, h);
    }
    static HPyDef *Keeper_defines[] = {&Keeper_finalize, NULL};
    static HPyType_Spec Keeper_spec = {
        .name = "late.Keeper", .basicsize = sizeof(Keeper), .defines = Keeper_defines,
        .flags = HPy_TPFLAGS_DEFAULT, .builtin_shape = SHAPE(Keeper)};
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy type = HPyType_FromSpec(ctx, &Keeper_spec, NULL);
        HPy h = HPy_CallTupleDict(ctx, type, HPy_NULL, HPy_NULL);
        HPy_Close(ctx, type);
        if (HPy_IsNull(h))
            return -1;
        HPyGlobal_Store(ctx, &kept, h);
        HPy_Close(ctx, h);
        return 0;
    }
    static HPyDef *defines[] = {&exec, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(late, def)
"""


@pytest.mark.parametrize("gil", ["own", "shared", "main"])
def test_a_store_after_teardown_has_no_effect(child: Callable, gil: str) -> None:
    """The object that only the global holds stores from its finalizer at the interpreter's end."""
    file = compile_snippet("late", KEPT_BY_A_TYPE)
    code = 'import hpystate; hpystate.load("late", sys.argv[1])'
    script = f"import sys; {code}"
    if gil != "main":
        inner = code.replace("sys.argv[1]", repr(str(file)))
        script = f"""
from hpystate.testing import Interpreter
with Interpreter({gil!r}) as other:
    other.run({inner!r})
"""
    result = child(script, str(file))

    assert result.stdout == "stored and loaded NULL without an exception\n", result.stderr
    assert result.returncode == 0, result.stderr


# ---- interpreters that refuse ------------------------------------------------------------------


def load_in(interpreter: Interpreter, file: Path, where: str) -> str:
    """The kind of the error, or "loaded"."""
    return interpreter.run(f"""
        import hpystate
        try:
            hpystate.load("keeper", {str(file)!r}, interpreters={where!r})
            answer = "loaded"
        except hpystate.LoadError as error:
            answer = error.kind
    """)


def test_a_module_for_the_main_interpreter_is_refused_elsewhere(
    keeper: Path, interpreter: Interpreter
) -> None:
    assert load_in(interpreter, keeper, "main") == "refused-interpreter"


def test_a_module_for_a_shared_gil_is_refused_where_the_gil_is_not_shared(keeper: Path) -> None:
    with Interpreter("own") as own, Interpreter("shared") as shared:
        assert load_in(own, keeper, "shared-gil") == "refused-interpreter"
        assert load_in(shared, keeper, "shared-gil") == "loaded"


@pytest.mark.parametrize(
    ("word", "own", "shared"),
    [
        ("own-gil", "loaded", "loaded"),
        ("shared-gil", "refused-interpreter", "loaded"),
        ("main", "refused-interpreter", "refused-interpreter"),
    ],
)
def test_an_extension_says_itself_where_it_may_be_imported(
    word: str, own: str, shared: str
) -> None:
    said = (
        "HPy_EXPORTED_FUNC const char *hpystate_interpreters_keeper(void);\n"
        f'const char *hpystate_interpreters_keeper(void) {{ return "{word}"; }}'
    )
    file = compile_snippet("keeper", KEEPER.replace("HPy_MODINIT", said + "\n    HPy_MODINIT"))
    for gil, expected in (("own", own), ("shared", shared)):
        with Interpreter(gil) as other:
            before, kind, after = other.run(f"""
                import hpystate
                before = hpystate._native.state()
                try:
                    hpystate.load("keeper", {str(file)!r})
                    answer = "loaded"
                except hpystate.LoadError as error:
                    answer = error.kind
                answer = before, answer, hpystate._native.state()
            """)
            assert kind == expected
            assert (before == after) == (kind != "loaded")  # a refusal registers nothing


def test_a_refused_module_can_be_loaded_with_another_answer(keeper: Path) -> None:
    with Interpreter("own") as own:
        assert load_in(own, keeper, "main") == "refused-interpreter"
        assert load_in(own, keeper, "own-gil") == "loaded"


@pytest.mark.parametrize("way", ["load", "environment", "function"])
def test_a_refusal_of_a_hybrid_module_says_what_to_type(
    monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    """Each of its three ways, taken as it is written there, allows the import."""
    file = compile_snippet("keeper", KEEPER, abi="hybrid")
    load = f"import hpystate; hpystate.load('keeper', {str(file)!r})"
    words = 'hpystate.load(..., interpreters="own-gil")'
    with Interpreter("own") as own, pytest.raises(InterpreterError) as caught:
        own.run(load)
    if way == "load":
        load = load[:-1] + ', interpreters="own-gil")'
    elif way == "environment":
        words = 'HPYSTATE_INTERPRETERS="keeper=own-gil"'
        monkeypatch.setenv("HPYSTATE_INTERPRETERS", "keeper=own-gil")
    else:
        words = (
            "HPy_EXPORTED_FUNC const char *hpystate_interpreters_keeper(void) "
            '{ return "own-gil"; }'
        )
        said = KEEPER.replace("HPy_MODINIT", words + "\n    HPy_MODINIT")
        load = load.replace(str(file), str(compile_snippet("keeper", said, abi="hybrid")))

    assert words in str(caught.value)
    with Interpreter("own") as own:
        own.run(load)


def test_a_refusal_outside_of_the_main_interpreter_says_what_to_type(keeper: Path) -> None:
    with Interpreter("shared") as shared:
        with pytest.raises(InterpreterError, match='Where the GIL is shared, "shared-gil" is en'):
            shared.run(
                f"import hpystate; hpystate.load('keeper', {str(keeper)!r}, interpreters='main')"
            )
        assert load_in(shared, keeper, "shared-gil") == "loaded"


def test_the_environment_decides_by_pattern(keeper: Path, child: Callable) -> None:
    script = """
import os, sys
os.environ["HPYSTATE_INTERPRETERS"] = "other*=own-gil, kee*=main"
from hpystate.testing import Interpreter
with Interpreter() as own:
    try:
        own.run(f'import hpystate; hpystate.load("keeper", {sys.argv[1]!r})')
    except Exception as error:
        print("main interpreter only" in str(error))
"""
    result = child(script, str(keeper))

    assert result.stdout.strip() == "True", result.stderr


def test_an_environment_that_cannot_be_read_is_an_error(
    keeper: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPYSTATE_INTERPRETERS", "keeper=everywhere")
    with pytest.raises(ValueError, match="HPYSTATE_INTERPRETERS"):
        hpystate.load("keeper", keeper)


def test_an_exception_in_another_interpreter_is_carried_over() -> None:
    with Interpreter() as other, pytest.raises(InterpreterError, match="ZeroDivisionError"):
        other.run("1 / 0")
