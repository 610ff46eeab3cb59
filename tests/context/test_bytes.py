"""test_bytes.py: bytes objects and their characters."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(check) { return answer(ctx, HPyBytes_Check(ctx, ARG(0))); }
FUNCTION(size) { return status(ctx, HPyBytes_Size(ctx, ARG(0))); }
FUNCTION(size_unchecked) { return status(ctx, HPyBytes_GET_SIZE(ctx, ARG(0))); }
FUNCTION(copy) {
    const char *characters = HPyBytes_AsString(ctx, ARG(0));
    if ((characters == NULL) != HPyErr_Occurred(ctx)) return wrong(ctx, "NULL and an exception");
    return characters == NULL ? HPy_NULL : HPyBytes_FromString(ctx, characters);
}
FUNCTION(copy_unchecked) {
    const char *characters = HPyBytes_AS_STRING(ctx, ARG(0));
    return characters == NULL ? HPy_NULL : HPyBytes_FromString(ctx, characters);
}
FUNCTION(from_size) {
    return handle(ctx, HPyBytes_FromStringAndSize(ctx, "a\0bc", SIZE(0)));
}
FUNCTION(from_null) { return handle(ctx, HPyBytes_FromString(ctx, NULL)); }
FUNCTION(from_null_size) { return handle(ctx, HPyBytes_FromStringAndSize(ctx, NULL, SIZE(0))); }
"""


class Bytes(bytes):
    """bytes of another type."""


@pytest.mark.parametrize(
    ("value", "expected"),
    [(b"x", True), (Bytes(b"x"), True), (bytearray(b"x"), False), ("x", False)],
)
def test_check_knows_subtypes(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


@pytest.mark.parametrize("function", ["size", "size_unchecked"])
def test_the_size_counts_zeros(c: ModuleType, function: str) -> None:
    assert getattr(c, function)(b"a\0b") == 3


@pytest.mark.parametrize("function", ["copy", "copy_unchecked"])
def test_characters_end_at_the_first_zero(c: ModuleType, function: str) -> None:
    assert getattr(c, function)(b"ab\0c") == b"ab"


@pytest.mark.parametrize("function", ["size", "copy"])
def test_what_is_not_a_bytes_object_is_a_type_error(c: ModuleType, function: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, function)("text")


@pytest.mark.parametrize(("size", "expected"), [(0, b""), (1, b"a"), (4, b"a\0bc")])
def test_characters_are_copied_up_to_their_size(c: ModuleType, size: int, expected: bytes) -> None:
    assert c.from_size(size) == expected


def test_a_negative_size_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyBytes_FromStringAndSize: the size -1 is negative"):
        c.from_size(-1)


def test_null_characters_are_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyBytes_FromString: 'bytes' is NULL"):
        c.from_null()


@pytest.mark.parametrize("size", [0, 5])
def test_null_characters_with_a_size_are_a_value_error(c: ModuleType, size: int) -> None:
    with pytest.raises(ValueError, match="NULL char"):
        c.from_null_size(size)


@pytest.mark.parametrize(
    ("function", "slot"),
    [
        ("check", "Check"),
        ("size", "Size"),
        ("size_unchecked", "GET_SIZE"),
        ("copy", "AsString"),
        ("copy_unchecked", "AS_STRING"),
    ],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=rf"^HPyBytes_{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(NULL)
