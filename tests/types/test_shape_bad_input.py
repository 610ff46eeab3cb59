"""test_shape_bad_input.py: builtin shapes on bases that they do not fit, and what needs a place."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.types.shapes import (
    BUILTIN,
    DICT,
    FLOAT,
    LEGACY,
    LIST,
    LONG,
    OBJECT,
    TUPLE,
    TYPE,
    UNICODE,
    WITH_BASE,
    Thing,
    made,
)
from tests.types.shapes import SOURCE as SOURCE


@pytest.mark.parametrize("shape", WITH_BASE)
def test_a_shape_needs_its_base(c: ModuleType, shape: int) -> None:
    other = list if shape != LIST else dict
    with pytest.raises(TypeError, match="does not fit on the base|needs a base that is"):
        c.make(shape, "small", (other,))
    if shape in (LONG, TUPLE):
        with pytest.raises(TypeError, match="needs a base that is"):
            c.make(shape, "small", ())


@pytest.mark.parametrize("shape", [FLOAT, UNICODE, LIST, DICT, TYPE])
def test_a_shape_without_items_may_stand_on_object_alone(c: ModuleType, shape: int) -> None:
    instance = c.make(shape, "small", ())()
    instance.number = 1
    c.fill(instance, shape, 45, 0)
    assert instance.number == 0


@pytest.mark.parametrize("base", [int, float, str, list, dict, tuple, bytes, type, Exception])
def test_a_struct_of_shape_object_does_not_fit_on_a_builtin_type(c: ModuleType, base: type) -> None:
    with pytest.raises(TypeError, match="does not fit on the base"):
        c.make(OBJECT, "small", (base,))
    assert c.make(OBJECT, "none", (base,))


def test_a_smaller_struct_or_another_shape_does_not_fit(c: ModuleType) -> None:
    for shape in BUILTIN:
        leaf = made(c, shape, "large", made(c, shape, "small"))
        with pytest.raises(TypeError, match="does not fit on the base 'shapes.Made'"):
            made(c, shape, "small", leaf)
        if shape != OBJECT:
            with pytest.raises(TypeError, match="does not fit on the base 'shapes.Made'"):
                made(c, OBJECT, "large", leaf)
    with pytest.raises(TypeError, match="should not inherit its memory layout from a pure type"):
        c.make(LEGACY, "none", (made(c, OBJECT, "small"),))


@pytest.mark.parametrize("shape", [LONG, TUPLE])
def test_a_call_slot_needs_a_constant_place(c: ModuleType, shape: int) -> None:
    with pytest.raises(TypeError, match="HPy_tp_call cannot be combined with"):
        made(c, shape, "call")


@pytest.mark.parametrize("base", [bytes, int, tuple])
def test_a_call_function_never_overlaps_the_items_of_a_base(c: ModuleType, base: type) -> None:
    """Without a struct: the shape is Object, the base has its items inline."""
    with pytest.raises(TypeError, match="HPy_tp_call cannot be combined with"):
        c.make(OBJECT, "call", (base,))


@pytest.mark.parametrize("base", [float, str, list, dict, Exception, Thing, set])
def test_a_call_slot_goes_with_any_base_of_constant_size(c: ModuleType, base: type) -> None:
    cls = c.make(OBJECT, "call", (base,))
    assert cls()(1, 2, 3) == 3


def test_a_metaclass_with_a_call_slot_makes_classes_that_work(c: ModuleType) -> None:
    meta = c.make(TYPE, "struct and call", (type,))
    cls = meta.__new__(meta, "Called", (), {"__slots__": ("x", "y")})
    assert cls(1, 2) == 2
    instance = object.__new__(cls)
    instance.x, instance.y = 1, 2
    assert (instance.x, instance.y) == (1, 2)


@pytest.mark.parametrize("shape", [LONG, TUPLE])
@pytest.mark.parametrize("kind", ["offset", "dict"])
def test_an_offset_member_needs_a_constant_place(c: ModuleType, shape: int, kind: str) -> None:
    with pytest.raises(TypeError, match="offset__"):
        made(c, shape, kind)


def test_the_vectorcall_flag_needs_a_function(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_TPFLAGS_HAVE_VECTORCALL"):
        c.make(OBJECT, "vectorcall flag", ())
    base = c.make(OBJECT, "struct and call", ())
    assert c.make(OBJECT, "vectorcall flag", (base,))()(1) == 1
