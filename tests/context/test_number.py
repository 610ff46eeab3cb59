"""test_number.py: arithmetic answers what Python's operators answer."""

from __future__ import annotations

import operator
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL, references

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "Add": operator.add,
    "Subtract": operator.sub,
    "Multiply": operator.mul,
    "FloorDivide": operator.floordiv,
    "TrueDivide": operator.truediv,
    "Remainder": operator.mod,
    "Divmod": divmod,
    "Lshift": operator.lshift,
    "Rshift": operator.rshift,
    "And": operator.and_,
    "Xor": operator.xor,
    "Or": operator.or_,
}
UNARY: dict[str, Callable[[Any], Any]] = {
    "Negative": operator.neg,
    "Positive": operator.pos,
    "Absolute": abs,
    "Invert": operator.invert,
    "Index": operator.index,
    "Long": int,
    "Float": float,
}
IN_PLACE = {
    "InPlaceAdd": "__iadd__",
    "InPlaceSubtract": "__isub__",
    "InPlaceMultiply": "__imul__",
    "InPlaceMatrixMultiply": "__imatmul__",
    "InPlaceFloorDivide": "__ifloordiv__",
    "InPlaceTrueDivide": "__itruediv__",
    "InPlaceRemainder": "__imod__",
    "InPlaceLshift": "__ilshift__",
    "InPlaceRshift": "__irshift__",
    "InPlaceAnd": "__iand__",
    "InPlaceXor": "__ixor__",
    "InPlaceOr": "__ior__",
}
TWO = [*BINARY, "MatrixMultiply", *IN_PLACE]
THREE = ["Power", "InPlacePower"]

SOURCE = "".join(
    [f"FUNCTION({n}) {{ return handle(ctx, HPy_{n}(ctx, ARG(0), ARG(1))); }}\n" for n in TWO]
    + [f"FUNCTION({n}) {{ return handle(ctx, HPy_{n}(ctx, ARG(0))); }}\n" for n in UNARY]
    + [
        f"FUNCTION({n}) {{ return handle(ctx, HPy_{n}(ctx, ARG(0), ARG(1), ARG(2))); }}\n"
        for n in THREE
    ]
    + ["FUNCTION(check) { return answer(ctx, HPyNumber_Check(ctx, ARG(0))); }\n"]
)


class InPlace:
    """Says which of its methods was called, and with what."""


for _method in [*IN_PLACE.values(), "__ipow__", "__matmul__"]:
    setattr(InPlace, _method, lambda _self, other, _called=_method: (_called, other))


@pytest.mark.parametrize("name", BINARY)
def test_an_operation_on_two_ints_is_the_operators(c: ModuleType, name: str) -> None:
    assert getattr(c, name)(1234, 7) == BINARY[name](1234, 7)


@pytest.mark.parametrize("name", BINARY)
def test_operands_are_not_swapped(c: ModuleType, name: str) -> None:
    assert getattr(c, name)(3, 11) == BINARY[name](3, 11)


@pytest.mark.parametrize("name", UNARY)
def test_an_operation_on_one_int_is_the_operators(c: ModuleType, name: str) -> None:
    result = getattr(c, name)(-42)

    assert (result, type(result)) == (UNARY[name](-42), type(UNARY[name](-42)))


@pytest.mark.parametrize("name", IN_PLACE)
def test_an_operation_in_place_calls_its_own_method(c: ModuleType, name: str) -> None:
    assert getattr(c, name)(InPlace(), 5) == (IN_PLACE[name], 5)


def test_adding_in_place_changes_the_object_and_returns_it(c: ModuleType) -> None:
    items = [1]

    assert c.InPlaceAdd(items, [2]) is items
    assert items == [1, 2]


def test_matrix_multiplication_calls_matmul(c: ModuleType) -> None:
    assert c.MatrixMultiply(InPlace(), 5) == ("__matmul__", 5)


def test_power_takes_a_modulus(c: ModuleType) -> None:
    assert c.Power(3, 5, 7) == pow(3, 5, 7)


def test_power_takes_none_for_no_modulus(c: ModuleType) -> None:
    assert c.Power(3, 5, None) == 243


def test_power_in_place_calls_its_own_method(c: ModuleType) -> None:
    assert c.InPlacePower(InPlace(), 5, None) == ("__ipow__", 5)


@pytest.mark.parametrize("name", TWO)
def test_operands_without_the_operation_are_a_type_error(c: ModuleType, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, name)(object(), object())


@pytest.mark.parametrize("name", UNARY)
def test_an_operand_without_the_operation_is_a_type_error(c: ModuleType, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, name)([])


@pytest.mark.parametrize("name", THREE)
def test_a_power_that_does_not_exist_is_a_type_error(c: ModuleType, name: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, name)([], 1, None)


def test_dividing_by_zero_raises_what_python_raises(c: ModuleType) -> None:
    with pytest.raises(ZeroDivisionError):
        c.TrueDivide(1, 0)


@pytest.mark.parametrize(("value", "number"), [(1, True), (1.5, True), (1j, True), ("1", False)])
def test_check_tells_numbers_from_others(c: ModuleType, value: object, number: bool) -> None:
    assert c.check(value) is number


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("operands", [(NULL, 1), (1, NULL), (NULL, NULL)])
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, name: str, operands: tuple[object, object]
) -> None:
    with pytest.raises(
        SystemError, match=rf"^HPy_{name}: parameter {1 if operands[0] is NULL else 2}"
    ):
        getattr(c, name)(*operands)


@pytest.mark.parametrize("name", UNARY)
def test_a_null_operand_of_one_is_a_system_error(c: ModuleType, name: str) -> None:
    with pytest.raises(SystemError, match=rf"^HPy_{name}: parameter 1 "):
        getattr(c, name)(NULL)


@pytest.mark.parametrize("name", THREE)
def test_a_null_modulus_is_a_system_error(c: ModuleType, name: str) -> None:
    with pytest.raises(SystemError, match=rf"^HPy_{name}: parameter 3 "):
        getattr(c, name)(2, 3, NULL)


def test_an_operation_that_fails_keeps_no_reference(c: ModuleType) -> None:
    operand = object()
    before = references(operand)

    for _ in range(5):
        with pytest.raises(TypeError):
            c.Add(operand, operand)

    assert references(operand) == before
