"""test_global.py: HPyGlobal_Store and HPyGlobal_Load, as the author of an extension uses them.

tests/interpreters/test_isolation.py has what users of many interpreters notice: threads, cycles,
destructors that use the slot, the end of the process.
"""

from __future__ import annotations

import gc
import os
import sys
import weakref
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from hpystate.testing import Interpreter
from tests.context.snippet import NULL, compiled, references

SLOTS = ("first", "second")
SOURCE = r"""
static HPyGlobal first, second, unlisted, unlisted_and_unset;

static inline HPyGlobal *slot(HPyContext *ctx, HPy name) {
    const char *wanted = text(ctx, name);
    if (strcmp(wanted, "first") == 0) return &first;
    if (strcmp(wanted, "second") == 0) return &second;
    return strcmp(wanted, "unlisted") == 0 ? &unlisted : &unlisted_and_unset;
}

/* What a load gives; "nothing" where it is HPy_NULL, which must come without an exception. */
static inline HPy loaded(HPyContext *ctx, HPyGlobal global) {
    HPy h = HPyGlobal_Load(ctx, global);
    if (HPyErr_Occurred(ctx)) return wrong(ctx, "a load raises nothing");
    return HPy_IsNull(h) ? HPyUnicode_FromString(ctx, "nothing") : h;
}

FUNCTION(store) {
    HPyGlobal_Store(ctx, slot(ctx, ARG(0)), ARG(1));
    return done(ctx);
}
FUNCTION(store_nowhere) { /* an error */
    HPyGlobal_Store(ctx, NULL, ARG(0));
    return done(ctx);
}
FUNCTION(load) { return loaded(ctx, *slot(ctx, ARG(0))); }
FUNCTION(load_copy) {
    HPyGlobal copy = *slot(ctx, ARG(0)), another = copy;
    return loaded(ctx, another);
}
FUNCTION(swap) { /* what was there before, while the new value is there already */
    HPyGlobal *global = slot(ctx, ARG(0));
    HPy before = HPyGlobal_Load(ctx, *global);
    HPyGlobal_Store(ctx, global, ARG(1));
    return before;
}
FUNCTION(store_what_is_there) {
    HPyGlobal *global = slot(ctx, ARG(0));
    HPy h = HPyGlobal_Load(ctx, *global);
    HPyGlobal_Store(ctx, global, h);
    HPy_Close(ctx, h);
    return done(ctx);
}
FUNCTION(with_an_exception) { /* a store and a load while one is set leave it */
    HPyErr_SetString(ctx, ctx->h_KeyError, "before");
    HPyGlobal_Store(ctx, &first, ARG(0));
    HPy h = HPyGlobal_Load(ctx, first);
    int good = HPy_Is(ctx, h, ARG(0));
    HPy_Close(ctx, h);
    return good ? HPy_NULL : wrong(ctx, "not what was stored");
}
"""


class Value:
    """An object that weak references may watch."""


@pytest.fixture(autouse=True)
def clear(c: ModuleType) -> Iterator[None]:
    """The slots belong to the process: a test leaves nothing in them."""
    yield
    for name in (*SLOTS, "unlisted"):
        c.store(name, NULL)


@pytest.fixture(scope="module")
def loading() -> str:
    """Code that makes `c` in another interpreter."""
    file: Path = compiled("c_test_global", SOURCE, SLOTS)
    return f"import hpystate; c = hpystate.load('c_test_global', {str(file)!r})\n"


@pytest.mark.parametrize("name", ["first", "unlisted_and_unset"])
def test_a_slot_that_nobody_stored_gives_null_without_an_exception(
    c: ModuleType, name: str
) -> None:
    assert c.load(name) == "nothing"


@pytest.mark.parametrize(
    "value", [None, 1, "text", ["list"], int, sys, Value()], ids=lambda value: type(value).__name__
)
def test_a_load_gives_the_object_that_was_stored(c: ModuleType, value: object) -> None:
    c.store("first", value)

    assert c.load("first") is value


def test_the_second_store_replaces_the_first(c: ModuleType) -> None:
    c.store("first", "old")
    c.store("first", "new")

    assert c.load("first") == "new"


def test_storing_null_clears_and_may_be_done_twice(c: ModuleType) -> None:
    c.store("first", "value")
    c.store("first", NULL)
    c.store("first", NULL)

    assert c.load("first") == "nothing"

    c.store("first", "again")
    assert c.load("first") == "again"


def test_two_slots_of_a_module_hold_two_values(c: ModuleType) -> None:
    c.store("first", 1)
    c.store("second", 2)
    c.store("first", NULL)

    assert (c.load("first"), c.load("second")) == ("nothing", 2)


def test_a_copy_of_a_slot_loads_the_same_value(c: ModuleType) -> None:
    c.store("first", "value")
    assert c.load_copy("first") == "value"

    c.store("first", "new")
    assert c.load_copy("first") == "new"


def test_a_slot_keeps_its_object_alive(c: ModuleType) -> None:
    value = Value()
    watched = weakref.ref(value)
    c.store("first", value)
    del value
    gc.collect()

    assert c.load("first") is watched()
    assert watched() is not None


def test_a_replaced_object_is_released(c: ModuleType) -> None:
    c.store("first", None)  # without the GIL a slot keeps its first object to the end
    value = Value()
    watched = weakref.ref(value)
    c.store("first", value)
    del value

    c.store("first", "new")
    gc.collect()

    assert watched() is None


def test_a_store_takes_one_reference_and_a_load_gives_a_new_one(c: ModuleType) -> None:
    value = Value()
    c.store("first", None)
    before = references(value)

    c.store("first", value)
    assert references(value) == before + 1
    for _ in range(5):
        c.load("first")
    assert references(value) == before + 1
    kept = c.load("first")
    assert references(value) == before + 2
    del kept


def test_storing_the_object_that_is_there_changes_nothing(c: ModuleType) -> None:
    value = Value()
    c.store("first", None)
    c.store("first", value)
    before = references(value)

    c.store_what_is_there("first")

    assert c.load("first") is value
    assert references(value) == before


def test_a_value_that_was_loaded_outlives_its_replacement(c: ModuleType) -> None:
    c.store("first", "dummy")
    c.store("first", ["old"])

    assert c.swap("first", "new") == ["old"]
    assert c.load("first") == "new"


def test_an_exception_that_was_set_stays_set(c: ModuleType) -> None:
    with pytest.raises(KeyError, match="before"):
        c.with_an_exception("value")


def test_a_store_without_a_slot_is_an_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="Global_Store"):
        c.store_nowhere("value")


def test_a_slot_that_the_module_does_not_list_holds_a_value_too(
    c: ModuleType, loading: str, interpreter: Interpreter
) -> None:
    c.store("unlisted", "main's")

    interpreter.run(loading + "before = c.load('unlisted'); c.store('unlisted', 'other')")
    answer = interpreter.run("answer = before, c.load('unlisted')")

    assert answer == ("nothing", "other")
    assert c.load("unlisted") == "main's"


def test_null_clears_the_slot_of_one_interpreter_alone(
    c: ModuleType, loading: str, interpreter: Interpreter
) -> None:
    c.store("first", "main's")
    interpreter.run(loading + "c.store('first', 'other')")

    c.store("first", NULL)
    assert interpreter.run("answer = c.load('first')") == "other"

    c.store("first", "main's again")
    interpreter.run("c.store('first', ...)")
    assert (c.load("first"), interpreter.run("answer = c.load('first')")) == (
        "main's again",
        "nothing",
    )


@pytest.mark.parametrize("gil", ["own", "shared"])
def test_an_interpreter_finds_no_value_of_one_that_ended(
    c: ModuleType, loading: str, gil: str
) -> None:
    c.store("first", "main's")
    for number in range(3):
        with Interpreter(gil=gil) as one:
            assert one.run(loading + "answer = c.load('first')") == "nothing"
            assert one.run(f"c.store('first', {number}); answer = c.load('first')") == number

    assert c.load("first") == "main's"


@pytest.mark.parametrize("gil", ["own", "shared"])
def test_the_end_of_an_interpreter_releases_what_it_stored(
    c: ModuleType, loading: str, gil: str
) -> None:
    read_end, write_end = os.pipe()
    with Interpreter(gil=gil) as one:
        one.run(
            loading
            + f"""
import os
class Value:
    def __init__(self, name):
        self.name = name
    def __del__(self, write=os.write):
        write({write_end}, self.name)
for slot in "first", "second", "unlisted":
    c.store(slot, Value(slot.encode() + b";"))
del c
"""
        )
        os.write(write_end, b"end;")
    told = os.read(read_end, 1000).decode().split(";")
    os.close(read_end)
    os.close(write_end)

    assert told[0] == "end"
    assert sorted(told[1:-1]) == ["first", "second", "unlisted"]
    assert c.load("first") == "nothing"
