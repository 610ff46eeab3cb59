"""test_lifetime.py: who keeps the object of a fused call alive, and who opens handles."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import weakref
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import debug, trace


class Caller:
    """Stores over the slot that it is being called from, then needs itself."""

    def __init__(self, c: ModuleType) -> None:
        self.c = c

    def __call__(self) -> str:
        self.c.put(0, None)
        return f"alive: {self.c.__name__}"


def test_a_callable_lives_while_it_is_called(c: ModuleType) -> None:
    caller = Caller(c)
    gone = weakref.ref(caller)
    c.put(0, "first")  # without the GIL the first one is kept until the end
    c.put(0, caller)
    del caller

    assert c.call(0) == "alive: fused_calls"
    assert gone() is None


@pytest.mark.parametrize("call", ["call", "get_item", "contains", "type_check", "new", "borrow"])
def test_references_are_balanced(c: ModuleType, call: str) -> None:
    class Value(dict):  # type: ignore[type-arg]
        def __call__(self) -> None:
            pass

    value: object = Value({1: 1}) if call not in ("type_check", "new") else c.make_type()
    arguments = {"get_item": (1,), "contains": (1,), "type_check": (1,)}.get(call, ())
    c.put(0, value)
    before = sys.getrefcount(value)
    for _ in range(100):
        getattr(c, call)(0, *arguments)

    assert sys.getrefcount(value) == before


def test_an_exception_that_was_set_becomes_the_context(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPyErr_ExceptionMatches_g: a global that was") as caught:
        c.matches(-1, KeyError)

    assert repr(caught.value.__context__) == "KeyError('set before')"


def test_the_error_names_slot_and_module(c: ModuleType) -> None:
    c.put(3, ...)
    pattern = r"HPy_Call_g: .*globals\[3\] of module fused_calls .* holds nothing in this interpr"
    with pytest.raises(SystemError, match=pattern):
        c.call(3)


@pytest.mark.parametrize("shape", [-2, 8, 1000])
def test_a_shape_that_does_not_exist(c: ModuleType, shape: int) -> None:
    c.put(0, 1)
    with pytest.raises(SystemError, match=f"HPy_AsStruct_g: builtin shape {shape} does not exist"):
        c.as_shape(0, shape)


def test_a_global_that_holds_no_type(c: ModuleType) -> None:
    c.put(0, 1)
    for call in (c.type_check, c.is_subtype):
        with pytest.raises(TypeError, match="a 'int' was given where a type was expected"):
            call(0, int)
    for call in (c.new, c.generic_new):
        with pytest.raises(TypeError, match="type"):
            call(0)


def test_null_operands_name_the_function(c: ModuleType) -> None:
    c.put(0, int)
    with pytest.raises(SystemError, match="parameter 1 is HPy_NULL"):
        c.type_check(0, ...)
    assert c.__dict__["is"](0, ...) == 0  # as HPy_Is without a global


# ---- the layers ----


def test_fused_calls_open_no_handle_in_debug_mode(calls_file: Path) -> None:
    c = hpystate.load("fused_calls", str(calls_file), mode="debug")
    c.put(0, c.make_type())
    c.put(1, {1: 2})
    c.put(2, LookupError)
    for call, *arguments in (
        (c.type_check, 0, 1),
        (c.__dict__["is"], 0, 1),
        (c.is_subtype, 0, int),
        (c.contains, 1, 1),
        (c.set_item, 1, 1, 2),
        (c.borrow, 1),
        (c.new, 0),
        (c.get_item, 1, 1),
    ):
        detector = debug.LeakDetector()
        detector.start()
        call(*arguments)
        detector.stop()
    with pytest.raises(LookupError):
        c.set_string(2)


def test_a_handle_that_was_borrowed_for_too_long_is_reported(calls_file: Path) -> None:
    c = hpystate.load("fused_calls", str(calls_file), mode="debug")
    reports: list[str] = []
    c.put(0, "first")
    debug.set_on_misuse(lambda kind, message: reports.append(f"{kind}: {message}"))
    try:
        assert c.borrow_too_long(0, "second") == "first"  # kept alive by the report's hook
        assert c.borrow(0) == "second"
        c.close_lent(0)
        assert c.borrow(0) == "second"
    finally:
        debug.set_on_misuse(None)

    assert len(reports) == 2
    assert "was used after a store to that global" in reports[0]
    assert "lent by HPyGlobal_Borrow of" in reports[0]
    assert "globals[0] of module fused_calls" in reports[0]
    assert "a handle that HPyGlobal_Borrow lent was closed" in reports[1]


def test_trace_mode_counts_fused_calls_under_their_names(calls_file: Path) -> None:
    c = hpystate.load("fused_calls", str(calls_file), mode="trace")
    c.put(0, int)
    before = Counter(trace.get_call_counts())
    c.call(0)
    c.type_check(0, 1)
    c.load_or_init(0, object)
    found = Counter(trace.get_call_counts())

    for name in ("HPy_Call_g", "HPy_TypeCheck_g", "HPyGlobal_LoadOrInit"):
        assert found[name] - before[name] == 1
    assert found["ctx_Global_Load"] == before["ctx_Global_Load"]


# ---- first values ----


SILENT = (
    r"^HPyGlobal_LoadOrInit: the initializer of slots, globals\[5\] of module fused_calls .*"
    "returned nothing and set no exception. Set one where there is no"
)


def test_a_maker_without_a_result_or_an_exception(c: ModuleType) -> None:
    c.put(5, ...)
    with pytest.raises(SystemError, match=SILENT):
        c.init_silently(5)


def test_null_where_a_pointer_is_needed(c: ModuleType) -> None:
    c.put(5, ...)
    for call in (c.without_init, c.without_slot, c.import_nothing):
        with pytest.raises(SystemError, match="NULL"):
            call(5)


def test_one_value_is_made_while_others_wait_detached(c: ModuleType) -> None:
    c.put(5, ...)
    made: list[object] = []
    entered = threading.Event()

    def make() -> object:
        entered.set()
        time.sleep(0.2)  # gives the GIL away: the others come and wait
        made.append(object())
        return made[-1]

    found: list[object] = []
    threads = [
        threading.Thread(target=lambda: found.append(c.load_or_init(5, make))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    assert entered.wait(20)
    for thread in threads:
        thread.join(20)

    assert len(made) == 1
    assert len(found) == 8
    assert all(each is made[0] for each in found)


def test_the_next_waiter_makes_it_after_an_error(c: ModuleType) -> None:
    c.put(5, ...)
    tries = iter(range(100))

    def make() -> str:
        time.sleep(0.05)
        if next(tries) < 3:
            raise ValueError("not yet")
        return "made"

    found: list[str] = []

    def ask() -> None:
        try:
            found.append(c.load_or_init(5, make))
        except ValueError as error:
            found.append(str(error))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(found) == ["made"] * 3 + ["not yet"] * 3


def test_a_maker_that_asks_for_its_own_value(c: ModuleType) -> None:
    c.put(5, ...)
    with pytest.raises(RuntimeError, match=r"globals\[5\].*initializer asked for the same value"):
        c.load_or_init(5, lambda: c.load_or_init(5, object))
    assert c.load_or_init(5, lambda: "made") == "made"


def test_a_maker_that_stores_the_value_itself(c: ModuleType) -> None:
    c.put(5, ...)

    def make() -> str:
        c.put(5, "stored")
        return "returned"

    assert c.load_or_init(5, make) == "stored"
    assert c.borrow(5) == "stored"


def test_a_circle_of_waits_is_refused(c: ModuleType) -> None:
    c.put(5, ...)
    c.put(6, ...)
    both = threading.Barrier(2, timeout=20)
    raised: list[str] = []

    def make(other: int) -> object:
        both.wait()
        try:
            return c.load_or_init(other, lambda: "other")
        except RuntimeError as error:
            raised.append(str(error))
            return "alone"

    threads = [
        threading.Thread(
            target=lambda own=own, other=other: c.load_or_init(own, lambda: make(other))
        )
        for own, other in ((5, 6), (6, 5))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert not any(thread.is_alive() for thread in threads)
    assert len(raised) == 1
    assert "globals[5]" in raised[0] and "globals[6]" in raised[0]
    assert "would wait forever" in raised[0]


UNLISTED = """
import warnings
warnings.simplefilter("error")
import hpystate
from hpystate.testing import compile_snippet

file = compile_snippet("unlisted", '''
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal pi, e, word;

    static HPy make(HPyContext *ctx, void *arg) { return HPyUnicode_FromString(ctx, arg); }
    HPyDef_METH(use, "use", HPyFunc_NOARGS)
    static HPy use_impl(HPyContext *ctx, HPy self) {
        HPy first = HPyGlobal_LoadOrInit(ctx, &word, make, "word");
        HPy second = HPyGlobal_Import(ctx, &pi, "math", "pi");
        HPy third = HPyGlobal_Import(ctx, &e, "math", "nothing");
        int told = HPyErr_ExceptionMatches(ctx, ctx->h_AttributeError);
        HPyErr_Clear(ctx);
        HPy all = HPy_BuildValue(ctx, "(OOii)", first, second, told, HPy_IsNull(third));
        HPy_Close(ctx, first);
        HPy_Close(ctx, second);
        return all;
    }
    static HPyDef *defines[] = {&use, NULL};
    static HPyModuleDef def = {.defines = defines};
    HPy_MODINIT(unlisted, def)
''')
module = hpystate.load("unlisted", file)
print(module.use(), module.use())
"""


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_a_slot_that_nobody_wrote_to_yet_is_no_foreign_one(mode: str) -> None:
    """Its address is its token, and it holds 0 until the first value is there."""
    result = subprocess.run(
        [sys.executable, "-c", UNLISTED],
        env=os.environ | {"HPY": mode},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.stdout.split("\n")[0] == " ".join(
        ["('word', 3.141592653589793, 1, 1)"] * 2
    ), result.stderr


def test_past_teardown_nothing_is_made(calls_file: Path) -> None:
    script = f"""
import os, sys
sys.path[:] = {sys.path!r}
import hpystate
c = hpystate.load("fused_calls", {str(calls_file)!r})
class Late:
    def __init__(self):
        self.c, self.write, self.error = c, os.write, SystemError # builtins are gone then
    def __del__(self):
        for call in (lambda: self.c.load_or_init(5, self.fail), lambda: self.c.call(1)):
            try:
                call()
            except self.error as error:
                self.write(1, f"{{error}}".encode())
    def fail(self):
        self.write(1, b"the initializer ran")
c.put(0, Late())
c.put(1, int)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )

    assert result.returncode == 0, result.stderr
    assert "the initializer ran" not in result.stdout
    assert result.stdout.count("no longer holds a value: this interpreter is ending") == 2
