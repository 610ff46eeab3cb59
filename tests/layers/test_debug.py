"""test_debug.py: debug mode beyond what HPy's own suite looks at: interpreters, threads, memory."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import debug
from hpystate.testing import Interpreter, compile_snippet
from tests.layers.conftest import told_in

SOURCE = """
    #include <hpy.h>
    static HPy kept;
    static HPyContext *kept_context;
    HPyDef_METH(keep, "keep", HPyFunc_O)
    static HPy keep_impl(HPyContext *ctx, HPy self, HPy arg) {
        kept = HPy_Dup(ctx, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(use, "use", HPyFunc_NOARGS)
    static HPy use_impl(HPyContext *ctx, HPy self) { return HPy_Repr(ctx, kept); }
    HPyDef_METH(drop, "drop", HPyFunc_NOARGS)
    static HPy drop_impl(HPyContext *ctx, HPy self) {
        HPy_Close(ctx, kept);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(leak, "leak", HPyFunc_O)
    static HPy leak_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPy_Dup(ctx, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(keep_context, "keep_context", HPyFunc_NOARGS)
    static HPy keep_context_impl(HPyContext *ctx, HPy self) {
        kept_context = ctx;
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(use_context, "use_context", HPyFunc_NOARGS)
    static HPy use_context_impl(HPyContext *ctx, HPy self) {
        return HPy_Dup(kept_context, ctx->h_None);
    }
    HPyDef_METH(call, "call", HPyFunc_KEYWORDS)
    static HPy call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
        return HPy_Call(ctx, args[0], args + 1, nargs - 1, kwnames);
    }
    HPyDef_METH(twice, "twice", HPyFunc_O)
    static HPy twice_impl(HPyContext *ctx, HPy self, HPy function) {
        /* The context must be as good after a call as before it. */
        HPy first = HPy_CallTupleDict(ctx, function, HPy_NULL, HPy_NULL);
        HPy_Close(ctx, first);
        return HPy_CallTupleDict(ctx, function, HPy_NULL, HPy_NULL);
    }
    typedef struct { HPyField held; } Box;
    HPyType_HELPERS(Box)
    HPyDef_SLOT(Box_new, HPy_tp_new)
    static HPy Box_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
        Box *box;
        HPy h = HPy_New(ctx, cls, &box);
        if (!HPy_IsNull(h) && n > 0) HPyField_Store(ctx, h, &box->held, args[0]);
        return h;
    }
    HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
    static int Box_traverse_impl(void *data, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Box *)data)->held);
        return 0;
    }
    HPyDef_SLOT(Box_call, HPy_tp_call)
    static HPy Box_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy kwnames) {
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)n);
    }
    HPyDef_SLOT(Box_finalize, HPy_tp_finalize)
    static void Box_finalize_impl(HPyContext *ctx, HPy self) {
        Box *box = Box_AsStruct(ctx, self);
        HPy held = HPyField_IsNull(box->held) ? HPy_NULL : HPyField_Load(ctx, self, box->held);
        HPy_Close(ctx, held);
    }
    static HPyDef *Box_defines[] = {&Box_new, &Box_traverse, &Box_call, &Box_finalize, NULL};
    static HPyType_Spec Box_spec = {.name = "dbg.Box", .basicsize = sizeof(Box),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC,
        .defines = Box_defines};
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        return HPyHelpers_AddType(ctx, module, "Box", &Box_spec, NULL) ? 0 : -1;
    }
    static HPyDef *defines[] = {&keep, &use, &drop, &leak, &keep_context, &use_context, &call,
                                &twice, &exec, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(dbg, def)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("dbg", SOURCE)


@pytest.fixture
def module(file: Path) -> ModuleType:
    return hpystate.load("dbg", file, mode="debug")


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_handle_of_another_interpreter(
    file: Path, module: ModuleType, told: list[tuple[str, str]]
) -> None:
    module.keep("of main")
    with Interpreter() as interpreter, told_in(interpreter) as messages:
        used = interpreter.run(f"""
            module = hpystate.load("dbg", {str(file)!r}, mode="debug")
            answer = module.use()
        """)

    assert used == "None", "what is not ours is not touched"
    assert [kind for kind, _ in messages] == ["handle"]
    assert "interpreter 0 was used in interpreter" in messages[0][1].replace("\n", " ")
    assert module.use() == "'of main'"
    module.drop()
    assert told == []


def test_a_closed_handle_tells_where_it_was_made(
    module: ModuleType, told: list[tuple[str, str]]
) -> None:
    debug.set_handle_stack_trace_limit(16)
    try:
        module.keep("value")
    finally:
        debug.disable_handle_stack_traces()
    module.drop()

    assert module.use() == "'value'", "a hook lets the program go on; the object is kept for it"
    assert [kind for kind, _ in told] == ["handle"]
    fault, _, frames = told[0][1].partition("\n")
    assert fault.endswith("was closed before. It was made at:"), "the fault is before the stack"
    assert "dbg.hpy0.so" in frames, "the stack names the extension"


def test_a_closed_handle_without_a_stack_tells_what_keeps_one(
    module: ModuleType, told: list[tuple[str, str]]
) -> None:
    module.keep("value")
    module.drop()
    module.use()

    assert "was closed before. hpystate.debug.set_handle_stack_trace_limit(16) " in told[0][1]


def test_closing_releases_the_object_at_once(module: ModuleType) -> None:
    class Value:
        pass

    value = Value()
    died = weakref.ref(value)
    module.keep(value)
    del value
    assert died() is not None
    module.drop()

    assert died() is None


def test_a_leak_is_counted_for_its_interpreter_only(file: Path, module: ModuleType) -> None:
    with debug.LeakDetector(), Interpreter() as interpreter:
        interpreter.run(
            f"import hpystate\nmodule = hpystate.load('dbg', {str(file)!r}, mode='debug')\n"
            "module.leak('there')"
        )
    with pytest.raises(debug.HPyLeakError) as caught, debug.LeakDetector():
        module.leak("here")

    assert [leak.obj for leak in caught.value.leaks] == ["here"]
    caught.value.leaks[0]._force_close()


@pytest.mark.parametrize(
    ("use", "reason"),
    [
        ("m.keep_context(); m.use_context()", "has returned"),
        ("m.keep_context(); m.call(lambda: m.use_context())", "has returned"),
    ],
)
def test_a_kept_context_is_found_out(file: Path, use: str, reason: str) -> None:
    result = run(
        f"import hpystate.debug\nhpystate.debug.set_on_misuse(print)\n"
        f"m = hpystate.load('dbg', {str(file)!r}, mode='debug')\n{use}"
    )

    assert result.returncode == -6
    assert result.stdout == "", "a hook would let the program go on, which it cannot"
    assert "Error: Wrong HPy Context!" in result.stderr
    assert reason in result.stderr


def test_a_context_is_good_after_a_call_that_it_made(module: ModuleType) -> None:
    assert module.twice(lambda: module.call(int, "12")) == 12
    assert module.twice(lambda: module.twice(lambda: 3)) == 3


def deep(module: ModuleType, depth: int) -> int:
    return module.call(deep, module, depth - 1) + 1 if depth else 0


def test_calls_may_nest_deeper_than_the_ring_of_contexts(module: ModuleType) -> None:
    assert deep(module, 60) == 60


def test_threads_do_not_disturb_each_others_contexts(module: ModuleType) -> None:
    meet = threading.Barrier(2)
    results: list[int] = []

    def work() -> None:
        def inner() -> int:
            meet.wait(timeout=30)  # both threads are inside a call now
            return 1

        results.append(module.twice(inner))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [1, 1]


def test_keywords_and_call_slots(module: ModuleType) -> None:
    assert module.call(dict, a=1, b=2) == {"a": 1, "b": 2}
    assert module.Box()(1, 2, 3) == 3
    assert module.Box()(1, key=2) == 1
    with debug.LeakDetector():
        module.call(module.Box(), 1, key=2)


def test_cycles_through_fields_are_collected(module: ModuleType) -> None:
    class Node(module.Box):
        pass

    with debug.LeakDetector():
        holder: list[object] = []
        node = Node(holder)
        holder.append(node)
        died = weakref.ref(node)
        del node, holder
        gc.collect()

        assert died() is None


def test_a_failing_hook_is_unraisable_and_nothing_is_lost(
    module: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda event: seen.append(event.exc_type))
    debug.set_on_misuse(lambda kind, text: 1 / 0)
    try:
        module.keep("x")
        module.drop()
        module.use()
    finally:
        debug.set_on_misuse(None)

    assert seen == [ZeroDivisionError]


@pytest.mark.parametrize(
    ("function", "argument", "error"),
    [
        (debug.set_on_misuse, 3, TypeError),
        (debug.set_on_invalid_handle, "x", TypeError),
        (debug.set_handle_stack_trace_limit, -1, ValueError),
        (debug.get_open_handles, "x", TypeError),
    ],
)
def test_bad_arguments(
    function: Callable[[object], object], argument: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        function(argument)


def test_a_detector_runs_once() -> None:
    detector = debug.LeakDetector()
    with pytest.raises(ValueError, match="not started"):
        detector.stop()
    detector.start()
    with pytest.raises(ValueError, match="started before"):
        detector.start()


def test_interpreters_in_debug_mode_come_and_go(file: Path) -> None:
    for _ in range(10):
        with Interpreter() as interpreter:
            interpreter.run(
                f"import hpystate\nm = hpystate.load('dbg', {str(file)!r}, mode='debug')\n"
                "b = m.Box([1]); m.keep('left open'); m.call(m.Box, b)"
            )


def test_the_environment_chooses_the_mode(file: Path) -> None:
    code = (
        "import sys, hpystate; hpystate.install(); "
        f"sys.path.insert(0, {str(file.parent)!r}); import dbg; dbg.leak(1); "
        "import hpy.debug; print(len(hpy.debug.get_open_handles(0)))"
    )
    for setting, leaks in (("debug", 1), ("dbg:debug", 1), ("other:debug", 0), ("trace", 0)):
        result = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            env={**os.environ, "HPY": setting},
            timeout=60,
            check=True,
        )
        assert result.stdout.split() == [str(leaks)], setting


def test_the_names_of_hpy_are_ours(file: Path) -> None:
    code = (
        "import hpystate; hpystate.install()\n"
        "import hpy.debug, hpy.trace, hpy.debug.leakdetector, hpystate.debug, hpystate.trace\n"
        "assert hpy.debug is hpystate.debug and hpy.trace is hpystate.trace\n"
        "assert hpy.debug.leakdetector.LeakDetector is hpystate.debug.LeakDetector\n"
        "assert hpystate.debug.__spec__.name == 'hpystate.debug'\n"
        "print('ok')\n"
    )
    assert run(code).stdout == "ok\n"
