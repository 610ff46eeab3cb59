"""test_tuple.py: tuples from arrays."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(check) { return answer(ctx, HPyTuple_Check(ctx, ARG(0))); }
FUNCTION(from_array) {
    HPy items[3] = {ARG(1), ARG(2), ARG(3)};
    return handle(ctx, HPyTuple_FromArray(ctx, items, SIZE(0)));
}
FUNCTION(from_null) { return handle(ctx, HPyTuple_FromArray(ctx, NULL, SIZE(0))); }
FUNCTION(pack) { return handle(ctx, HPyTuple_Pack(ctx, 2, ARG(0), ARG(1))); }
FUNCTION(from_failed) {
    HPy items[1] = {HPy_GetAttr_s(ctx, ARG(0), "missing")};
    return handle(ctx, HPyTuple_FromArray(ctx, items, 1));
}
"""


@pytest.mark.parametrize(("value", "expected"), [((), True), ([], False)])
def test_check_tells_tuples_from_others(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


@pytest.mark.parametrize("size", [0, 1, 3])
def test_an_array_becomes_a_tuple(c: ModuleType, size: int) -> None:
    assert c.from_array(size, "a", "b", "c") == ("a", "b", "c")[:size]


def test_the_macro_of_the_headers_packs(c: ModuleType) -> None:
    assert c.pack("a", "b") == ("a", "b")


def test_no_items_need_no_array(c: ModuleType) -> None:
    assert c.from_null(0) == ()


def test_items_without_an_array_are_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTuple_FromArray: 'items' is NULL"):
        c.from_null(2)


def test_a_negative_size_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTuple_FromArray: the size -1 is negative"):
        c.from_array(-1)


def test_a_null_item_is_a_system_error_naming_it(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTuple_FromArray: item 1 is HPy_NULL"):
        c.from_array(3, "a", NULL, "c")


def test_the_exception_of_a_failed_item_is_kept(c: ModuleType) -> None:
    with pytest.raises(AttributeError, match="missing"):
        c.from_failed(object())


def test_a_tuple_has_references_of_its_own(c: ModuleType) -> None:
    item = object()
    before = references(item)

    made = c.from_array(2, item, item)

    assert references(item) == before + 2
    del made
    assert references(item) == before


def test_a_tuple_that_fails_keeps_no_item(c: ModuleType) -> None:
    item = object()
    before = references(item)

    with pytest.raises(SystemError):
        c.from_array(2, item, NULL)

    assert references(item) == before


def test_check_of_null_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTuple_Check: parameter 1 is HPy_NULL"):
        c.check(NULL)
