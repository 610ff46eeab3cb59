"""test_float.py: floats and bools from and to C."""

from __future__ import annotations

import math
from types import ModuleType

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(round_trip) {
    double value = HPyFloat_AsDouble(ctx, ARG(0));
    if (!HPyErr_Occurred(ctx)) return HPyFloat_FromDouble(ctx, value);
    return value == -1.0 ? HPy_NULL : wrong(ctx, "the error value is -1.0");
}
FUNCTION(from_bool) { return HPyBool_FromBool(ctx, SIZE(0) != 0); }
"""


class Half:
    def __float__(self) -> float:
        return 0.5


@pytest.mark.parametrize("value", [0.0, -1.0, 0.1, 1e308, 5e-324, math.inf, -math.inf])
def test_a_float_goes_both_ways_unchanged(c: ModuleType, value: float) -> None:
    assert c.round_trip(value) == value


def test_a_negative_zero_keeps_its_sign(c: ModuleType) -> None:
    assert math.copysign(1.0, c.round_trip(-0.0)) == -1.0


def test_a_nan_stays_one(c: ModuleType) -> None:
    assert math.isnan(c.round_trip(math.nan))


def test_the_float_method_of_an_object_is_called(c: ModuleType) -> None:
    assert c.round_trip(Half()) == 0.5


def test_a_str_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.round_trip("1.0")


def test_an_int_beyond_all_doubles_is_an_overflow_error(c: ModuleType) -> None:
    with pytest.raises(OverflowError):
        c.round_trip(1 << 2000)


def test_a_null_operand_is_a_system_error_naming_the_function(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyFloat_AsDouble: parameter 1 "):
        c.round_trip(NULL)


@pytest.mark.parametrize(("number", "expected"), [(0, False), (1, True)])
def test_a_bool_is_one_of_the_two_objects(c: ModuleType, number: int, expected: bool) -> None:
    assert c.from_bool(number) is expected
