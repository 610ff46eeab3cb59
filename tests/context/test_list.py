"""test_list.py: lists."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(check) { return answer(ctx, HPyList_Check(ctx, ARG(0))); }
FUNCTION(make) { return handle(ctx, HPyList_New(ctx, SIZE(0))); }
FUNCTION(fill) {
    HPy list = HPyList_New(ctx, 2);
    if (HPy_SetItem_i(ctx, list, 0, ARG(0)) < 0 || HPy_SetItem_i(ctx, list, 1, ARG(1)) < 0) {
        HPy_Close(ctx, list);
        return HPy_NULL;
    }
    return list;
}
FUNCTION(append) { return status(ctx, HPyList_Append(ctx, ARG(0), ARG(1))); }
FUNCTION(insert) { return status(ctx, APPENDED(List_Insert)(ctx, ARG(0), SIZE(1), ARG(2))); }
"""


@pytest.mark.parametrize(("value", "expected"), [([], True), ((), False)])
def test_check_tells_lists_from_others(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


@pytest.mark.parametrize("length", [0, 3])
def test_a_new_list_has_its_length_and_can_be_read(c: ModuleType, length: int) -> None:
    assert c.make(length) == [None] * length


def test_a_new_list_is_filled_by_index(c: ModuleType) -> None:
    assert c.fill("a", "b") == ["a", "b"]


def test_a_negative_length_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyList_New: the length -1 is negative"):
        c.make(-1)


def test_a_length_beyond_all_memory_is_a_memory_error(c: ModuleType) -> None:
    with pytest.raises(MemoryError):
        c.make(1 << 61)


def test_an_item_is_appended(c: ModuleType) -> None:
    items = [1]

    c.append(items, 2)

    assert items == [1, 2]


@pytest.mark.parametrize(
    ("index", "expected"), [(0, "xab"), (1, "axb"), (-1, "axb"), (9, "abx"), (-9, "xab")]
)
def test_an_item_is_inserted_where_python_would(c: ModuleType, index: int, expected: str) -> None:
    items = ["a", "b"]

    c.insert(items, index, "x")

    assert "".join(items) == expected


@pytest.mark.parametrize(("function", "operands"), [("append", ((), 1)), ("insert", ((), 0, 1))])
def test_what_is_not_a_list_is_a_system_error(
    c: ModuleType, function: str, operands: tuple[Any, ...]
) -> None:
    with pytest.raises(SystemError):
        getattr(c, function)(*operands)


def test_a_list_has_a_reference_of_its_own(c: ModuleType) -> None:
    item = object()
    before = references(item)
    items: list[object] = []

    c.append(items, item)
    c.insert(items, 0, item)

    assert references(item) == before + 2


@pytest.mark.parametrize(
    ("function", "slot", "operands", "position"),
    [
        ("check", "Check", (NULL,), 1),
        ("append", "Append", (NULL, 1), 1),
        ("append", "Append", ([], NULL), 2),
        ("insert", "Insert", ([], 0, NULL), 3),
    ],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, operands: tuple[Any, ...], position: int
) -> None:
    with pytest.raises(SystemError, match=rf"^HPyList_{slot}: parameter {position} is HPy_NULL"):
        getattr(c, function)(*operands)
