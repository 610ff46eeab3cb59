"""test_inline_forms.py: HPy's functions as code of the file's own give what the context's give."""

from __future__ import annotations

import gc
import subprocess
import sys
import sysconfig
import weakref
from pathlib import Path
from types import ModuleType
from typing import Literal, get_args

import pytest

import hpystate
from hpystate import debug
from hpystate.testing import Interpreter, compile_snippet

SOURCE = Path(__file__).with_name("inline_forms.c").read_text(encoding="utf-8")
COUNTS_ITSELF = not (
    sysconfig.get_config_var("Py_GIL_DISABLED") or sysconfig.get_config_var("Py_DEBUG")
)
Way = Literal["known", "hybrid", "upstream's headers", "other layout", "debug", "trace"]
WAYS: tuple[Way, ...] = get_args(Way)
KNOWN = ("known", "hybrid", "upstream's headers")


def load(way: Way) -> ModuleType:
    flags = ("-DOTHER_LAYOUT",) if way == "other layout" else ()
    file = compile_snippet(
        "inline_forms",
        SOURCE,
        flags=flags,
        abi="hybrid" if way == "hybrid" else "universal",
        headers="upstream" if way == "upstream's headers" else "hpystate",
    )
    if way in ("debug", "trace"):
        return hpystate.load("inline_forms", str(file), mode=way)
    return hpystate.load("inline_forms", str(file))


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> Way:
    return request.param


@pytest.fixture
def c(way: Way) -> ModuleType:
    return load(way)


def test_only_plain_contexts_of_the_known_layout_are_known(way: Way, c: ModuleType) -> None:
    assert c.is_known() is (COUNTS_ITSELF and way in KNOWN)


def test_references_are_balanced(c: ModuleType) -> None:
    value = object()
    before = sys.getrefcount(value)
    for n in range(8):
        assert c.dup_and_close(value, n) is None

    assert sys.getrefcount(value) == before


def test_a_reference_that_is_not_closed_keeps_the_object() -> None:
    c = load("known")
    value = object()
    before = sys.getrefcount(value)

    assert c.keep(value) is True
    assert sys.getrefcount(value) == before + 1


def test_closing_the_last_reference_destroys_the_object(c: ModuleType) -> None:
    class Value:
        pass

    made = []

    def make() -> Value:
        value = Value()
        made.append(weakref.ref(value))
        return value

    assert c.last(make) is False
    assert [found() for found in made] == [None]


def test_immortal_objects_are_left_alone(c: ModuleType) -> None:
    constants = (None, True, False, NotImplemented, ...)
    before = [sys.getrefcount(each) for each in constants]
    for _ in range(100):
        assert c.constants() == constants
        for each in constants:
            c.dup_and_close(each, 64)

    after = [sys.getrefcount(each) for each in constants]
    # The ellipsis is not immortal in each version; this tuple and that list hold the others.
    assert [abs(a - b) < 3 for a, b in zip(after, before, strict=True)] == [True] * 5


def test_comparisons_give_what_the_context_gives(c: ModuleType) -> None:
    value = 5

    assert c.compare(value, int) == (1, 0, 1)
    assert c.compare(True, int) == (1, 0, 1)
    assert c.compare(value, str) == (1, 0, 0)
    assert c.compare(int, int) == (1, 1, 0)
    assert c.compare(int, type) == (1, 0, 1)
    assert c.compare(KeyError(), Exception) == (1, 0, 1)


@pytest.mark.parametrize("number", range(4))
def test_hpy_null_is_refused_as_by_the_context(c: ModuleType, number: int) -> None:
    with pytest.raises(SystemError, match=r"HPy(_TypeCheck|Field_Load|Field_Store)"):
        c.refused(number)


@pytest.mark.parametrize("way", [way for way in WAYS if way != "debug"])  # it ends the process
def test_an_object_that_is_not_a_type_is_refused_as_by_the_context(way: Way) -> None:
    c = load(way)
    with pytest.raises(TypeError, match="HPy_TypeCheck"):
        c.refused(4)
    c.put("text")
    with pytest.raises(TypeError, match="HPy_TypeCheck"):
        c.is_held([1])


def test_fields_own_their_objects(c: ModuleType) -> None:
    owner = c.make_type()()
    value, other = object(), object()
    before = sys.getrefcount(value), sys.getrefcount(other)

    assert owner.number() == 7
    assert owner.get() is NotImplemented
    owner.set(value)
    assert owner.get() is value
    assert sys.getrefcount(value) == before[0] + 1
    owner.set(other)
    assert owner.get() is other
    owner.clear()
    assert owner.get() is NotImplemented
    owner.set(value)
    del owner
    gc.collect()

    assert (sys.getrefcount(value), sys.getrefcount(other)) == before


def test_a_destructor_sees_the_new_value_of_the_field(c: ModuleType) -> None:
    owner = c.make_type()()
    seen = []

    class Value:
        def __del__(self) -> None:
            seen.append(owner.get())

    owner.set(Value())
    owner.set("new")

    assert seen == ["new"]


def test_a_global_holds_what_was_stored(c: ModuleType) -> None:
    value = [1]
    c.put(value)

    assert c.get() is value
    c.put(list)
    assert c.is_held(list) == (1, 0)
    assert c.is_held(value) == (0, 1)
    assert c.is_held({}) == (0, 0)


def test_globals_that_share_a_place_hold_their_own_values(c: ModuleType) -> None:
    first, second = object(), object()

    assert c.far_apart(first, second) == (first, second)


def test_debug_mode_sees_a_handle_that_is_not_closed() -> None:
    c = load("debug")
    with pytest.raises(debug.HPyLeakError), debug.LeakDetector():
        c.keep(object())


def test_each_interpreter_has_its_own_value() -> None:
    c = load("known")
    file = compile_snippet("inline_forms", SOURCE)
    c.put("main's")
    with Interpreter() as other:
        other.run(f"import hpystate; c = hpystate.load('inline_forms', {str(file)!r})")
        assert other.run("answer = c.get()") is None
        other.run("c.put('its own')")
        assert other.run("answer = c.get()") == "its own"
        assert c.get() == "main's"


LATE = """
import sys, hpystate
c = hpystate.load("inline_forms", sys.argv[1])
class Late:
    def __del__(self, get=c.get, write=sys.stderr.write):
        write(f"at the end: {get()}")
c.put(Late())
"""


def test_once_the_interpreter_ends_a_global_holds_nothing() -> None:
    file = compile_snippet("inline_forms", SOURCE)
    ended = subprocess.run(
        [sys.executable, "-c", LATE, str(file)], capture_output=True, text=True, check=True
    )

    assert ended.stderr == "at the end: None"
