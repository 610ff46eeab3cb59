"""test_unicode.py: str objects from and to encoded text."""

from __future__ import annotations

import os
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
/* The bytes of a bytes object, NULL for NULL. */
static const char *raw(HPyContext *ctx, HPy h) {
    return HPy_IsNull(h) ? NULL : HPyBytes_AsString(ctx, h);
}
#define RAW(i) raw(ctx, ARG(i))

FUNCTION(check) { return answer(ctx, HPyUnicode_Check(ctx, ARG(0))); }
FUNCTION(from_string) { return handle(ctx, HPyUnicode_FromString(ctx, RAW(0))); }
FUNCTION(from_wide) {
    static const wchar_t wide[] = {0xE4, 0x1F600, 'z', 0};
    return handle(ctx, HPyUnicode_FromWideChar(ctx, wide, SIZE(0)));
}
FUNCTION(from_null_wide) { return handle(ctx, HPyUnicode_FromWideChar(ctx, NULL, SIZE(0))); }
FUNCTION(fs_default) { return handle(ctx, HPyUnicode_DecodeFSDefault(ctx, RAW(0))); }
FUNCTION(fs_default_size) {
    return handle(ctx, HPyUnicode_DecodeFSDefaultAndSize(ctx, RAW(0), SIZE(1)));
}
FUNCTION(decode_ascii) {
    return handle(ctx, HPyUnicode_DecodeASCII(ctx, RAW(0), SIZE(1), TEXT(2)));
}
FUNCTION(decode_latin1) {
    return handle(ctx, HPyUnicode_DecodeLatin1(ctx, RAW(0), SIZE(1), TEXT(2)));
}
FUNCTION(from_encoded) {
    return handle(ctx, HPyUnicode_FromEncodedObject(ctx, ARG(0), TEXT(1), TEXT(2)));
}
FUNCTION(as_ascii) { return handle(ctx, HPyUnicode_AsASCIIString(ctx, ARG(0))); }
FUNCTION(as_latin1) { return handle(ctx, HPyUnicode_AsLatin1String(ctx, ARG(0))); }
FUNCTION(as_utf8) { return handle(ctx, HPyUnicode_AsUTF8String(ctx, ARG(0))); }
FUNCTION(encode_fs) { return handle(ctx, HPyUnicode_EncodeFSDefault(ctx, ARG(0))); }
FUNCTION(utf8_and_size) {
    HPy_ssize_t size = 0;
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, ARG(0), &size);
    if ((utf8 == NULL) != HPyErr_Occurred(ctx)) return wrong(ctx, "NULL and an exception");
    return utf8 == NULL ? HPy_NULL : HPyBytes_FromStringAndSize(ctx, utf8, size);
}
FUNCTION(utf8_alone) {
    const char *utf8 = HPyUnicode_AsUTF8AndSize(ctx, ARG(0), NULL);
    return utf8 == NULL ? HPy_NULL : HPyBytes_FromString(ctx, utf8);
}
FUNCTION(read_char) {
    HPy_UCS4 character = HPyUnicode_ReadChar(ctx, ARG(0), SIZE(1));
    if (!HPyErr_Occurred(ctx)) return HPyLong_FromUInt32_t(ctx, character);
    return character == (HPy_UCS4)-1 ? HPy_NULL : wrong(ctx, "the error value is -1");
}
FUNCTION(substring) { return handle(ctx, HPyUnicode_Substring(ctx, ARG(0), SIZE(1), SIZE(2))); }
"""

ENCODERS = {
    "as_ascii": "AsASCIIString",
    "as_latin1": "AsLatin1String",
    "as_utf8": "AsUTF8String",
    "encode_fs": "EncodeFSDefault",
    "utf8_and_size": "AsUTF8AndSize",
}
SIZED = {
    "fs_default_size": "DecodeFSDefaultAndSize",
    "decode_ascii": "DecodeASCII",
    "decode_latin1": "DecodeLatin1",
}


class Text(str):
    """A str of another type."""


@pytest.mark.parametrize(("value", "expected"), [("x", True), (Text("x"), True), (b"x", False)])
def test_check_knows_subtypes(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


# ---- from C


def test_utf8_becomes_a_str(c: ModuleType) -> None:
    assert c.from_string("h\xe4\U0001f600".encode()) == "h\xe4\U0001f600"


def test_bytes_that_are_not_utf8_are_a_decode_error(c: ModuleType) -> None:
    with pytest.raises(UnicodeDecodeError):
        c.from_string(b"\xff")


@pytest.mark.parametrize(
    ("size", "expected"), [(-1, "\xe4\U0001f600z"), (2, "\xe4\U0001f600"), (0, "")]
)
def test_wide_characters_become_a_str(c: ModuleType, size: int, expected: str) -> None:
    assert c.from_wide(size) == expected


@pytest.mark.parametrize("size", [-1, 3])
def test_null_wide_characters_are_a_system_error(c: ModuleType, size: int) -> None:
    with pytest.raises(SystemError, match="^HPyUnicode_FromWideChar: 'w' is NULL"):
        c.from_null_wide(size)


def test_no_wide_characters_need_no_pointer(c: ModuleType) -> None:
    assert c.from_null_wide(0) == ""


def test_a_size_of_wide_characters_below_minus_one_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyUnicode_FromWideChar: the size -2 is negative"):
        c.from_wide(-2)


def test_a_file_name_is_decoded_as_python_does(c: ModuleType) -> None:
    assert c.fs_default(b"a\xff") == os.fsdecode(b"a\xff")


def test_a_file_name_with_its_size_may_hold_zeros(c: ModuleType) -> None:
    assert c.fs_default_size(b"a\0bc", 3) == "a\0b"


def test_ascii_is_decoded_up_to_its_size(c: ModuleType) -> None:
    assert c.decode_ascii(b"abc", 2, NULL) == "ab"


def test_what_is_not_ascii_is_a_decode_error(c: ModuleType) -> None:
    with pytest.raises(UnicodeDecodeError):
        c.decode_ascii(b"\xe4", 1, NULL)


def test_what_is_not_ascii_is_left_to_the_error_handler(c: ModuleType) -> None:
    assert c.decode_ascii(b"a\xe4", 2, "replace") == "a\ufffd"


def test_every_byte_is_latin1(c: ModuleType) -> None:
    assert c.decode_latin1(bytes(range(256)), 256, NULL) == bytes(range(256)).decode("latin-1")


@pytest.mark.parametrize("function", SIZED)
def test_a_negative_size_is_a_system_error_naming_the_function(
    c: ModuleType, function: str
) -> None:
    with pytest.raises(
        SystemError, match=f"^HPyUnicode_{SIZED[function]}: the size -3 is negative"
    ):
        getattr(c, function)("hällo".encode(), -3, NULL)


@pytest.mark.parametrize("function", SIZED)
def test_nothing_to_decode_needs_no_pointer(c: ModuleType, function: str) -> None:
    assert getattr(c, function)(NULL, 0, NULL) == ""


@pytest.mark.parametrize(
    ("function", "slot"),
    [*SIZED.items(), ("from_string", "FromString"), ("fs_default", "DecodeFSDefault")],
)
def test_a_null_text_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=f"^HPyUnicode_{slot}: '[a-z0-9]+' is NULL"):
        getattr(c, function)(NULL, 1, NULL)


@pytest.mark.parametrize("encoding", [NULL, "utf-8"])
def test_an_encoded_object_is_decoded(c: ModuleType, encoding: Any) -> None:
    assert c.from_encoded(bytearray("\xe4".encode()), encoding, NULL) == "\xe4"


def test_an_encoded_object_is_left_to_the_error_handler(c: ModuleType) -> None:
    assert c.from_encoded(b"a\xff", "ascii", "ignore") == "a"


@pytest.mark.parametrize(
    ("value", "encoding", "error"),
    [(b"x", "no-such", LookupError), (1, NULL, TypeError), (b"\xff", NULL, UnicodeDecodeError)],
)
def test_an_object_that_cannot_be_decoded_is_an_error(
    c: ModuleType, value: object, encoding: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        c.from_encoded(value, encoding, NULL)


# ---- to C


def test_a_str_is_encoded(c: ModuleType) -> None:
    encoded = [c.as_ascii("a"), c.as_latin1("\xe4"), c.as_utf8("\xe4"), c.encode_fs("\xe4")]

    assert encoded == [b"a", b"\xe4", b"\xc3\xa4", os.fsencode("\xe4")]


@pytest.mark.parametrize(
    ("function", "value"), [("as_ascii", "\xe4"), ("as_latin1", "\u20ac"), ("as_utf8", "\ud800")]
)
def test_a_character_that_has_no_code_is_an_encode_error(
    c: ModuleType, function: str, value: str
) -> None:
    with pytest.raises(UnicodeEncodeError):
        getattr(c, function)(value)


@pytest.mark.parametrize("function", ENCODERS)
def test_encoding_what_is_not_a_str_is_a_type_error(c: ModuleType, function: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, function)(b"x")


def test_utf8_has_its_size_and_its_zeros(c: ModuleType) -> None:
    assert c.utf8_and_size("a\0\xe4") == b"a\0\xc3\xa4"


def test_the_size_of_utf8_need_not_be_asked_for(c: ModuleType) -> None:
    assert c.utf8_alone("\xe4") == b"\xc3\xa4"


@pytest.mark.parametrize("character", ["a", "\xe4", "\u20ac", "\U0001f600"])
def test_a_character_is_read_as_its_code_point(c: ModuleType, character: str) -> None:
    assert c.read_char("x" + character, 1) == ord(character)


@pytest.mark.parametrize("index", [-1, 2])
def test_a_character_out_of_range_is_an_index_error(c: ModuleType, index: int) -> None:
    with pytest.raises(IndexError):
        c.read_char("ab", index)


def test_a_character_of_what_is_not_a_str_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.read_char(b"ab", 0)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(1, 3, "bc"), (1, 99, "bcd"), (9, 12, ""), (3, 1, ""), (0, 4, "abcd")],
)
def test_a_substring_ends_where_the_str_does(
    c: ModuleType, start: int, end: int, expected: str
) -> None:
    assert c.substring("abcd", start, end) == expected


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (0, -1)])
def test_a_negative_index_of_a_substring_is_an_index_error(
    c: ModuleType, start: int, end: int
) -> None:
    with pytest.raises(IndexError):
        c.substring("abcd", start, end)


@pytest.mark.parametrize("value", [5, b"abcd", None])
def test_a_substring_of_what_is_not_a_str_is_a_type_error(c: ModuleType, value: object) -> None:
    with pytest.raises(TypeError, match="^HPyUnicode_Substring: a '"):
        c.substring(value, 0, 3)


@pytest.mark.parametrize(
    ("function", "slot"),
    [
        ("check", "Check"),
        ("from_encoded", "FromEncodedObject"),
        ("read_char", "ReadChar"),
        ("substring", "Substring"),
        *ENCODERS.items(),
    ],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    rest = {"read_char": (0,), "substring": (0, 1)}.get(function, ())

    with pytest.raises(SystemError, match=rf"^HPyUnicode_{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(NULL, *rest)
