"""test_long.py: ints from and to C integers, to the last bit."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.context.snippet import NULL

#: What HPy calls a kind of C integer: its C type, its bits, whether it is signed.
KINDS = {
    "Int32_t": ("int32_t", 32, True),
    "UInt32_t": ("uint32_t", 32, False),
    "Int64_t": ("int64_t", 64, True),
    "UInt64_t": ("uint64_t", 64, False),
    "Size_t": ("size_t", 64, False),
    "Ssize_t": ("HPy_ssize_t", 64, True),
}
MASKS = {"UInt32_tMask": ("uint32_t", 32), "UInt64_tMask": ("uint64_t", 64)}

_CONVERT = """
FUNCTION({name}) {{
    {type} value = HPyLong_As{name}(ctx, ARG(0));
    if (!HPyErr_Occurred(ctx)) return HPyLong_From{back}(ctx, value);
    return value == ({type})-1 ? HPy_NULL : wrong(ctx, "the error value is -1");
}}
"""

SOURCE = (
    "".join(_CONVERT.format(name=n, type=t, back=n) for n, (t, _, _) in KINDS.items())
    + "".join(_CONVERT.format(name=n, type=t, back=n[:-4]) for n, (t, _) in MASKS.items())
    + r"""
FUNCTION(as_pointer) {
    void *value = HPyLong_AsVoidPtr(ctx, ARG(0));
    if (!HPyErr_Occurred(ctx)) return HPyLong_FromSize_t(ctx, (size_t)value);
    return value == NULL ? HPy_NULL : wrong(ctx, "the error value is NULL");
}
FUNCTION(as_double) {
    double value = HPyLong_AsDouble(ctx, ARG(0));
    if (!HPyErr_Occurred(ctx)) return HPyFloat_FromDouble(ctx, value);
    return value == -1.0 ? HPy_NULL : wrong(ctx, "the error value is -1.0");
}
"""
)


def _limits(kind: str) -> tuple[int, int]:
    _, bits, signed = KINDS[kind]
    return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_limits_of_a_kind_go_both_ways(c: ModuleType, kind: str) -> None:
    least, most = _limits(kind)

    assert [getattr(c, kind)(each) for each in (least, 0, 1, most)] == [least, 0, 1, most]


@pytest.mark.parametrize("kind", [kind for kind, (_, _, signed) in KINDS.items() if signed])
def test_minus_one_is_a_value_and_no_error(c: ModuleType, kind: str) -> None:
    assert getattr(c, kind)(-1) == -1


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beyond", [1, 1 << 70])
def test_an_int_above_the_limit_is_an_overflow_error(c: ModuleType, kind: str, beyond: int) -> None:
    with pytest.raises(OverflowError):
        getattr(c, kind)(_limits(kind)[1] + beyond)


SIGNED = "a signed C integer of 32 bits. Pass one from -2147483648 to 2147483647."
UNSIGNED = "an unsigned C integer of 32 bits. Pass one from 0 to 4294967295."


@pytest.mark.parametrize(
    ("kind", "value", "type_and_range"),
    [
        *[("Int32_t", value, SIGNED) for value in (1 << 31, -(1 << 31) - 1, 1 << 62)],
        *[("UInt32_t", value, UNSIGNED) for value in (1 << 32, (1 << 64) - 1)],
    ],
)
def test_an_overflow_names_the_int_and_the_range_of_the_c_type(
    c: ModuleType, kind: str, value: int, type_and_range: str
) -> None:
    with pytest.raises(OverflowError) as raised:
        getattr(c, kind)(value)
    assert str(raised.value) == f"the int {value} does not fit into {type_and_range}"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("beyond", [1, 1 << 70])
def test_an_int_below_the_limit_is_an_overflow_error(c: ModuleType, kind: str, beyond: int) -> None:
    with pytest.raises(OverflowError):
        getattr(c, kind)(_limits(kind)[0] - beyond)


@pytest.mark.parametrize("kind", [*KINDS, *MASKS])
def test_a_str_is_a_type_error(c: ModuleType, kind: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, kind)("1")


@pytest.mark.parametrize("kind", [*KINDS, *MASKS])
def test_a_null_operand_is_a_system_error_naming_the_function(c: ModuleType, kind: str) -> None:
    with pytest.raises(SystemError, match=rf"^HPyLong_As{kind}: parameter 1 "):
        getattr(c, kind)(NULL)


@pytest.mark.parametrize("kind", MASKS)
@pytest.mark.parametrize("value", [0, -1, -2, (1 << 32) + 5, (1 << 64) + 5, -(1 << 200) + 3])
def test_a_mask_keeps_the_low_bits_and_never_overflows(
    c: ModuleType, kind: str, value: int
) -> None:
    assert getattr(c, kind)(value) == value & ((1 << MASKS[kind][1]) - 1)


def test_a_pointer_is_an_address(c: ModuleType) -> None:
    assert c.as_pointer(0x7F00_1234_5678) == 0x7F00_1234_5678


def test_an_address_that_is_too_large_is_an_overflow_error(c: ModuleType) -> None:
    with pytest.raises(OverflowError):
        c.as_pointer(1 << 64)


def test_a_float_is_not_an_address(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.as_pointer(1.0)


def test_a_null_address_operand_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyLong_AsVoidPtr: parameter 1 "):
        c.as_pointer(NULL)


def test_an_int_becomes_the_nearest_double(c: ModuleType) -> None:
    assert c.as_double((1 << 53) + 1) == float((1 << 53) + 1)


def test_minus_one_becomes_minus_one(c: ModuleType) -> None:
    assert c.as_double(-1) == -1.0


def test_an_int_beyond_all_doubles_is_an_overflow_error(c: ModuleType) -> None:
    with pytest.raises(OverflowError):
        c.as_double(1 << 2000)


def test_as_double_takes_ints_only(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.as_double("1")


def test_as_double_of_null_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyLong_AsDouble: parameter 1 "):
        c.as_double(NULL)
