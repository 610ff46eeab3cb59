"""test_made_and_freed.py: instances of types on builtin types, made and freed on the short ways."""

from __future__ import annotations

import gc
import math
import sys
import weakref
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import Child
from tests.types.shapes import (
    BUILTIN,
    DICT,
    FLOAT,
    LARGE,
    LIST,
    LONG,
    TUPLE,
    WITH_BASE,
    Thing,
    made,
)
from tests.types.shapes import SOURCE as SOURCE

#: A builtin type's own cache of attributes, and what the test itself keeps.
SLACK = 8
ROUNDS = 500


def instance_of(cls: type, shape: int) -> Any:
    return cls(*BUILTIN[shape][1][-1])


# ---- HPy_New ------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "odd", "small", "struct and call"])
def test_a_new_float_is_zero_whoever_was_there(c: ModuleType, kind: str) -> None:
    cls = made(c, FLOAT, kind)
    size = {"plain": LARGE, "odd": 45, "small": 48, "struct and call": LARGE}[kind]
    for _ in range(3):
        floats = [cls(-1.5) for _ in range(300)]
        for at in range(len(floats) if kind != "small" else 0):  # that one begins with a field
            c.fill(floats[at], FLOAT, size, 0xFF)
        del floats
        fresh = [c.new_of(cls, FLOAT) for _ in range(300)]
        for each in fresh:
            assert math.copysign(1.0, each) == 1.0 and each == 0.0 and repr(each) == "0.0"
            assert type(each) is cls
            assert c.look(each, FLOAT, size) == bytes(size)
            assert each + 1 == 1.0
        if kind == "struct and call":
            assert {each(1, 2) for each in fresh} == {2}


@pytest.mark.parametrize("kind", ["plain", "odd", "small"])
def test_a_new_int_is_zero(c: ModuleType, kind: str) -> None:
    cls = made(c, LONG, kind)
    for _ in range(3):
        numbers = [cls(2**29 + n) for n in range(300)]
        del numbers
        for each in [c.new_of(cls, LONG) for _ in range(300)]:
            assert (repr(each), bool(each), hash(each), each.bit_length()) == ("0", False, 0, 0)
            assert (each + 1, -each, each - 1, each == 0, f"{each:d}") == (1, 0, -1, True, "0")
            assert int(each) == 0 and type(each) is cls


@pytest.mark.parametrize("kind", ["plain", "odd"])
def test_an_int_in_memory_of_another_one_has_an_empty_struct(c: ModuleType, kind: str) -> None:
    cls = made(c, LONG, kind)
    size = {"plain": LARGE, "odd": 45}[kind]
    for _ in range(3):
        numbers = [cls((-7) ** (n % 60)) for n in range(300)]  # of one digit, and of more
        for each in numbers:
            c.fill(each, LONG, size, 0xFF)
        del numbers
        fresh = [cls(3 ** (n % 60)) for n in range(300)] + [c.new_of(cls, LONG) for _ in range(300)]
        assert fresh == [3 ** (n % 60) for n in range(300)] + 300 * [0]
        for each in fresh:
            assert c.look(each, LONG, size) == bytes(size)


def test_a_type_on_an_int_of_hpy_allocates_for_itself(c: ModuleType) -> None:
    base = made(c, LONG, "odd")
    below = c.make(LONG, "small", (base,))
    for _ in range(3):
        numbers = [cls(n) for n in range(100) for cls in (base, below)]
        assert numbers == [n for n in range(100) for _ in range(2)]
        assert {type(each) for each in numbers} == {base, below}
        assert [c.new_of(below, LONG), c.new_of(base, LONG)] == [0, 0]


def test_a_new_int_is_freed_as_any_other(c: ModuleType) -> None:
    cls = made(c, LONG, "small")
    c.destroyed_since()
    for number in (1, 2, 3):
        instance, thing = c.new_of(cls, LONG), Thing()
        watched = weakref.ref(thing)
        instance.number, instance.child = number, thing
        del instance, thing
        assert watched() is None
    assert c.destroyed_since() == 6


@pytest.mark.parametrize("shape", [FLOAT, LONG, LIST, TUPLE])
def test_a_new_instance_of_a_class_below_is_what_the_builtin_type_makes(
    c: ModuleType, shape: int
) -> None:
    class Below(made(c, shape, "plain")):  # type: ignore[misc]
        pass

    instance = c.new_of(Below, shape)

    assert instance == BUILTIN[shape][0]() and type(instance) is Below
    instance.attribute = Thing()
    watched = weakref.ref(instance.attribute)
    del instance
    assert watched() is None


# ---- how they end -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["plain", "small", "struct and call"])
@pytest.mark.parametrize("shape", WITH_BASE)
def test_nothing_is_left_of_instances_and_no_reference_to_their_type(
    c: ModuleType, shape: int, kind: str
) -> None:
    if kind == "struct and call" and shape in (LONG, TUPLE):
        kind = "odd"  # these have no place for a call function
    cls = made(c, shape, kind)
    makers = [lambda: instance_of(cls, shape), lambda: c.new_of(cls, shape)]
    for make in makers:
        for _ in range(ROUNDS):  # lists of memory are full then
            make()
        gc.collect()
        references, blocks = sys.getrefcount(cls), sys.getallocatedblocks()
        many = [make() for _ in range(ROUNDS)]
        assert sys.getrefcount(cls) == references + ROUNDS
        many.clear()
        del many
        gc.collect()
        assert sys.getrefcount(cls) == references
        assert sys.getallocatedblocks() - blocks <= SLACK


@pytest.mark.parametrize("kind", ["plain", "small"])
@pytest.mark.parametrize("shape", WITH_BASE)
def test_a_finalizer_that_the_type_got_later_runs_and_may_keep_the_instance(
    c: ModuleType, shape: int, kind: str
) -> None:
    cls: Any = made(c, shape, kind)
    kept: list[Any] = []
    instance_of(cls, shape)
    cls.__del__ = lambda self: kept.append(self)

    one = instance_of(cls, shape)
    del one

    assert len(kept) == 1 and kept[0] == BUILTIN[shape][0](*BUILTIN[shape][1][-1])
    del cls.__del__
    references = sys.getrefcount(cls)
    kept.clear()
    assert sys.getrefcount(cls) == references - 1


@pytest.mark.parametrize("slots", [False, True])
@pytest.mark.parametrize("kind", ["plain", "small"])
@pytest.mark.parametrize("shape", WITH_BASE)
def test_a_class_made_in_python_releases_what_it_added(
    c: ModuleType, shape: int, kind: str, slots: bool
) -> None:
    base = made(c, shape, kind)
    if slots and shape in (LONG, TUPLE):
        below: Any = type("Below", (base,), {"__slots__": ()})  # CPython takes no others there
    elif slots:
        below = type("Below", (base,), {"__slots__": ("held", "__weakref__")})
    else:
        below = type("Below", (base,), {})
    gc.collect()
    references = sys.getrefcount(below)

    for _ in range(3):
        instance, thing, ended = instance_of(below, shape), Thing(), []
        watched = weakref.ref(thing)
        if below.__dict__.get("__slots__") != ():
            instance.held = thing
            weak = weakref.ref(instance, ended.append) if shape not in (LONG, TUPLE) else None
            del instance, thing
            assert watched() is None
            assert weak is None or (ended == [weak] and weak() is None)
        else:
            del instance

    assert sys.getrefcount(below) == references


@pytest.mark.parametrize("shape", [LIST, DICT])  # CPython lets no other's be exchanged
def test_bases_that_were_exchanged_change_nothing(c: ModuleType, shape: int) -> None:
    class Between(BUILTIN[shape][0]):  # type: ignore[misc]
        __slots__ = ()

    cls: Any = made(c, shape, "plain")
    early = instance_of(cls, shape)
    cls.__bases__ = (Between,)
    references = sys.getrefcount(cls)

    for _ in range(3):
        late, fresh = instance_of(cls, shape), c.new_of(cls, shape)
        assert isinstance(late, Between) and fresh == BUILTIN[shape][0]()
        del late, fresh

    assert sys.getrefcount(cls) == references
    del early
    assert sys.getrefcount(cls) == references - 1


@pytest.mark.parametrize("shape", [FLOAT, LIST])
def test_a_dict_of_instances_is_released(c: ModuleType, shape: int) -> None:
    cls = c.make(shape, "dict", (BUILTIN[shape][0],))
    for _ in range(3):
        instance, thing = instance_of(cls, shape), Thing()
        watched = weakref.ref(thing)
        instance.held = thing
        del instance, thing
        assert watched() is None


@pytest.mark.parametrize("shape", [LIST, TUPLE])
def test_a_long_chain_of_instances_is_freed(c: ModuleType, shape: int, child: Child) -> None:
    ended = child(f"""
import hpystate
c = hpystate.load({c.__name__!r}, {c.__file__!r})
for kind in ("plain", "small"):
    cls = c.make({shape}, kind, ({BUILTIN[shape][0].__name__},))
    chain = cls()
    for _ in range(200_000):
        chain = cls([chain])
    del chain
print("freed")
""")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "freed\n"
