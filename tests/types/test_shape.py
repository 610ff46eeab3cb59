"""test_shape.py: types with a builtin shape: where their struct is, and what else is there.

Long: nine builtin shapes, each with the same questions.
"""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.types.shapes import (
    BUILTIN,
    CASES,
    DICT,
    LARGE,
    LEGACY,
    LIST,
    LONG,
    OBJECT,
    TUPLE,
    TYPE,
    Thing,
    made,
)
from tests.types.shapes import SOURCE as SOURCE


@pytest.fixture(autouse=True)
def counted_from_zero(c: ModuleType) -> Iterator[None]:
    gc.collect()
    c.destroyed_since()
    yield


# ---- the place of the struct --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "shape", "args"),
    [("plain", *case) for case in CASES]
    + [("struct and call", *case) for case in CASES if case[0] not in (LONG, TUPLE)],
)
def test_the_struct_overlaps_nothing(c: ModuleType, shape: int, args: tuple, kind: str) -> None:
    cls = made(c, shape, kind)
    instance, control = cls(*args), BUILTIN[shape][0](*args)

    assert c.look(instance, shape, LARGE) == bytes(LARGE)
    for byte in (0xFF, 0x5A):
        c.fill(instance, shape, LARGE, byte)
        assert c.look(instance, shape, LARGE) == bytes([byte]) * LARGE
        if shape != OBJECT:
            assert instance == control and repr(instance) == repr(control)
    if kind == "struct and call":
        assert instance(1, 2) == 2
    instance.__class__ = cls
    assert c.misplaced(instance, shape) == 0


@pytest.mark.parametrize("count", [*range(40), 99, 100, 101, 998, 999, 1000])
def test_items_of_any_number_leave_the_struct_alone(c: ModuleType, count: int) -> None:
    number, items = made(c, LONG, "odd"), made(c, TUPLE, "odd")
    big = 2 ** (30 * count + 29) + count
    for shape, instance, value in (
        (LONG, number(big), big),
        (LONG, number(-big), -big),
        (TUPLE, items(range(count)), tuple(range(count))),
    ):
        c.fill(instance, shape, 45, 0xA5)
        assert instance == value
        assert c.look(instance, shape, 45) == b"\xa5" * 45
        assert c.misplaced(instance, shape) == 0


def test_lists_and_dicts_grow_without_touching_the_struct(c: ModuleType) -> None:
    items, table = made(c, LIST, "odd")(), made(c, DICT, "odd")()
    c.fill(items, LIST, 45, 1)
    c.fill(table, DICT, 45, 2)

    items.extend(range(10_000))
    table.update((n, n) for n in range(10_000))

    assert c.look(items, LIST, 45) == b"\x01" * 45 and sum(items) == 49_995_000
    assert c.look(table, DICT, 45) == b"\x02" * 45 and sum(table.values()) == 49_995_000
    del items[:], table
    assert c.look(items, LIST, 45) == b"\x01" * 45


@pytest.mark.parametrize("shape", BUILTIN)
def test_what_cpython_puts_behind_a_struct_of_any_size_is_aligned(
    c: ModuleType, shape: int
) -> None:
    assert made(c, shape, "odd").__basicsize__ % 8 == 0


@pytest.mark.parametrize("shape", BUILTIN)
def test_a_class_made_in_python_keeps_the_place(c: ModuleType, shape: int) -> None:
    class Sub(made(c, shape, "odd")):  # type: ignore[misc]
        pass

    class Slots(made(c, shape, "odd")):  # type: ignore[misc]
        __slots__ = () if shape in (LONG, TUPLE) else ("x", "y")

    for cls in (Sub, Slots):
        instance = cls(*BUILTIN[shape][1][-1])
        thing = Thing()
        watched = weakref.ref(thing)
        if cls is Sub or shape not in (LONG, TUPLE):
            instance.x, instance.y = thing, instance
        c.fill(instance, shape, 45, 0xEE)
        gc.collect()
        if shape != OBJECT:
            assert instance == BUILTIN[shape][0](*BUILTIN[shape][1][-1])
        if hasattr(instance, "x"):
            assert instance.x is thing and instance.y is instance
        assert c.look(instance, shape, 45) == b"\xee" * 45
        del instance, thing
        gc.collect()
        assert watched() is None


# ---- members and fields -------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "args"), CASES)
def test_members_reach_the_struct(c: ModuleType, shape: int, args: tuple) -> None:
    cls = made(c, shape, "small")
    instance = cls(*args)

    assert (instance.number, instance.letter) == (0, "\0")
    with pytest.raises(AttributeError, match="child"):
        _ = instance.child
    instance.number = -7
    instance.child = "a child"
    assert (instance.number, instance.child) == (-7, "a child")
    assert cls.number.__doc__ == "A number."
    with pytest.raises(AttributeError):
        instance.letter = "x"
    with pytest.raises(TypeError):
        instance.number = "no number"
    with pytest.raises(TypeError):
        del instance.number
    del instance.child
    with pytest.raises(AttributeError):
        del instance.child
    if shape != OBJECT:
        assert instance == BUILTIN[shape][0](*args)
    instance.number = 0


@pytest.mark.parametrize("shape", BUILTIN)
def test_a_member_of_another_type_is_refused(c: ModuleType, shape: int) -> None:
    cls = made(c, shape, "small")

    with pytest.raises(TypeError):
        cls.number.__get__(BUILTIN[shape][0]())
    with pytest.raises(TypeError):
        cls.number.__set__(Thing(), 1)


@pytest.mark.parametrize(("shape", "args"), CASES)
def test_a_field_is_visited_once_and_released(c: ModuleType, shape: int, args: tuple) -> None:
    cls = made(c, shape, "small")
    thing = Thing()
    watched = weakref.ref(thing)
    instance = cls(*args)
    instance.number, instance.child = 3, thing

    referents = gc.get_referents(instance)
    assert sum(referent is thing for referent in referents) == 1
    assert sum(referent is cls for referent in referents) == 1
    assert gc.is_tracked(instance)
    del referents, thing, instance
    assert watched() is None
    assert c.destroyed_since() == 3


@pytest.mark.parametrize("shape", BUILTIN)
def test_a_cycle_through_a_field_is_collected(c: ModuleType, shape: int) -> None:
    class Sub(made(c, shape, "small")):  # type: ignore[misc]
        pass

    for cls in (made(c, shape, "small"), Sub):
        instance = cls(*BUILTIN[shape][1][-1])
        thing = Thing()
        watched = weakref.ref(thing)
        instance.number, instance.child, thing.held = 5, thing, instance
        del instance, thing
        gc.collect()
        assert watched() is None
        assert c.destroyed_since() == 5


@pytest.mark.parametrize("shape", BUILTIN)
def test_instances_come_and_go_without_a_leak(c: ModuleType, shape: int) -> None:
    cls = made(c, shape, "small")
    args = BUILTIN[shape][1][-1]
    things = [Thing()]

    def round_() -> None:
        for _ in range(500):
            instance = cls(*args)
            instance.child = things[0]

    round_()
    before = sys.getallocatedblocks(), sys.getrefcount(cls), sys.getrefcount(things[0])
    round_()
    assert (sys.getrefcount(cls), sys.getrefcount(things[0])) == before[1:]
    assert sys.getallocatedblocks() - before[0] < 50


# ---- derived types ------------------------------------------------------------------------------


@pytest.mark.parametrize(("shape", "args"), CASES)
def test_a_derived_type_has_the_bases_struct_in_front(
    c: ModuleType, shape: int, args: tuple
) -> None:
    base = made(c, shape, "small")
    leaf = made(c, shape, "large", base)
    first, second = Thing(), Thing()
    watched = weakref.ref(first), weakref.ref(second)
    instance = leaf(*args)
    instance.number, instance.child, instance.other = 4, first, second

    referents = gc.get_referents(instance)
    for one in (first, second, leaf):
        assert sum(referent is one for referent in referents) == 1
    assert (instance.number, instance.child, instance.other) == (4, first, second)
    if shape != OBJECT:
        assert instance == BUILTIN[shape][0](*args)
    first.held = instance
    del referents, instance, first, second, one
    gc.collect()
    assert watched[0]() is None and watched[1]() is None
    assert c.destroyed_since() == 1_000_004


@pytest.mark.parametrize("shape", BUILTIN)
def test_a_class_made_in_python_may_stand_between(c: ModuleType, shape: int) -> None:
    class Between(made(c, shape, "small")):  # type: ignore[misc]
        pass

    leaf = made(c, shape, "large", Between)
    instance = leaf(*BUILTIN[shape][1][-1])
    thing = Thing()
    watched = weakref.ref(thing)
    instance.child = instance.other = instance.attribute = thing
    thing.held = instance
    instance.number = 2

    assert sum(referent is leaf for referent in gc.get_referents(instance)) == 1
    c.fill(made(c, shape, "odd")(), shape, 45, 1)
    assert instance.attribute is thing
    del instance, thing
    gc.collect()
    assert watched() is None
    assert c.destroyed_since() == 1_000_002


@pytest.mark.parametrize("shape", [s for s in BUILTIN if s not in (LONG, TUPLE)])
def test_a_struct_never_overlaps_the_slots_of_a_class_between(c: ModuleType, shape: int) -> None:
    class Between(made(c, shape, "small")):  # type: ignore[misc]
        __slots__ = ("slot",)

    with pytest.raises(TypeError, match="does not fit on the base 'Between'"):
        made(c, shape, "large", Between)
    leaf = made(c, shape, "none", Between)
    instance = leaf()
    instance.slot = instance.child = Thing()
    assert sum(isinstance(referent, Thing) for referent in gc.get_referents(instance)) == 2


@pytest.mark.parametrize("shape", BUILTIN)
def test_new_makes_a_good_instance_with_its_struct_all_zero(c: ModuleType, shape: int) -> None:
    class Sub(made(c, shape, "small")):  # type: ignore[misc]
        pass

    for cls in (made(c, shape, "small"), Sub, made(c, shape, "large", Sub)):
        instance = c.new_of(cls, shape)
        assert type(instance) is cls
        assert c.look(instance, shape, 45) == bytes(45)
        if shape != OBJECT:
            assert instance == BUILTIN[shape][0]() and repr(instance)
        if shape == LIST:
            instance.append(1)
        if shape == DICT:
            instance[1] = 2


@pytest.mark.parametrize(
    "base", [set, frozenset, bytearray, bytes, complex, Exception, OSError, type(Thing.held)]
)
def test_new_of_a_type_on_any_builtin_base_makes_an_object_that_works(
    c: ModuleType, base: type
) -> None:
    if base is type(None):
        with pytest.raises(TypeError, match="NoneType"):
            c.make(OBJECT, "none", (base,))
        return
    instance = c.new_of(c.make(OBJECT, "none", (base,)))

    if not issubclass(base, Exception):
        assert instance == base()
    if base is set:
        instance.add(1)
        assert instance == {1}
    if base is bytearray:
        instance.append(1)
        assert instance == b"\x01"
    assert repr(instance)


# ---- metaclasses --------------------------------------------------------------------------------


@pytest.mark.types_die
def test_a_metaclass_has_its_struct_in_the_classes(c: ModuleType) -> None:
    meta = c.make(TYPE, "small", (type,))

    class Slotted(metaclass=meta):
        __slots__ = ("a", "b", "__weakref__")

        def method(self) -> str:
            return "method"

    class Sub(Slotted):
        extra: object

    from_spec = c.make(OBJECT, "small", (object,), meta)
    thing = Thing()
    watched = weakref.ref(thing)
    for number, cls in enumerate((Slotted, Sub, from_spec), 1):
        assert type(cls) is meta
        assert c.look(cls, TYPE, 45) == bytes(45)
        cls.number, cls.child = number, thing
        assert sum(referent is thing for referent in gc.get_referents(cls)) == 1
        assert sum(referent is meta for referent in gc.get_referents(cls)) == 1
    instance = Sub()
    instance.a, instance.b, instance.extra = 1, 2, 3
    assert (instance.a, instance.b, instance.extra, instance.method()) == (1, 2, 3, "method")
    assert (Slotted.number, Sub.number, from_spec.number) == (1, 2, 3)
    assert from_spec().number == 0
    thing.held = instance
    del thing, instance, Slotted, Sub, from_spec, cls
    gc.collect()
    assert watched() is None
    assert c.destroyed_since() == 6


@pytest.mark.parametrize("kind", ["odd", "plain"])
def test_the_members_of_a_class_do_not_touch_its_metaclasss_struct(
    c: ModuleType, kind: str
) -> None:
    meta = c.make(TYPE, kind, (type,))
    names = tuple(f"slot{n}" for n in range(50))
    cls = meta("Many", (), {"__slots__": names})
    c.fill(cls, TYPE, 45, 0xCC)

    instance = cls()
    for name in names:
        setattr(instance, name, name)
    assert [getattr(instance, name) for name in names] == list(names)
    assert c.look(cls, TYPE, 45) == b"\xcc" * 45
    assert cls.__basicsize__ == object.__basicsize__ + 50 * 8


@pytest.mark.types_die
def test_a_metaclass_derives_from_a_metaclass(c: ModuleType) -> None:
    meta = c.make(TYPE, "small", (type,))

    class Middle(meta):
        pass

    leaf = c.make(TYPE, "large", (Middle,))

    class Here(metaclass=leaf):
        __slots__ = ("x",)

    Here.number, Here.child, Here.other = 9, Here, Here
    watched = weakref.ref(Here)
    del Here
    gc.collect()
    assert watched() is None
    assert c.destroyed_since() == 1_000_009


def test_new_of_a_metaclass_is_an_exception_as_for_type(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.new_of(c.make(TYPE, "small", (type,)))


# ---- what is the shape --------------------------------------------------------------------------


def test_the_shape_of_a_type(c: ModuleType) -> None:
    for shape in BUILTIN:
        cls = made(c, shape, "small")

        class Sub(cls):  # type: ignore[misc, valid-type]
            pass

        assert c.shape_of(cls) == c.shape_of(Sub) == c.shape_of(made(c, shape, "large", Sub))
        assert c.shape_of(cls) == shape
    assert c.shape_of(c.make(TYPE, "none", (type,))) == TYPE
    for foreign in (object, int, dict, Thing, type):
        assert c.shape_of(foreign) == LEGACY


@pytest.mark.parametrize("value", [None, 3, "int", Thing()])
def test_what_is_not_a_type_has_no_shape(c: ModuleType, value: object) -> None:
    with pytest.raises(TypeError, match="where a type was expected"):
        c.shape_of(value)
