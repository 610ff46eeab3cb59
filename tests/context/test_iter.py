"""test_iter.py: iterators; the end is a null handle without an exception."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(iterator) { return handle(ctx, APPENDED(GetIter)(ctx, ARG(0))); }
FUNCTION(check) { return answer(ctx, APPENDED(Iter_Check)(ctx, ARG(0))); }
FUNCTION(collect) {
    HPy list = HPyList_New(ctx, 0);
    HPy item = APPENDED(Iter_Next)(ctx, ARG(0));
    while (!HPy_IsNull(item)) {
        HPyList_Append(ctx, list, item);
        HPy_Close(ctx, item);
        item = APPENDED(Iter_Next)(ctx, ARG(0));
    }
    if (!HPyErr_Occurred(ctx)) return list;
    HPy_Close(ctx, list);
    return HPy_NULL;
}
"""


def breaking() -> Iterator[int]:
    yield 1
    raise LookupError("in the middle")


def test_an_iterable_gives_an_iterator(c: ModuleType) -> None:
    assert list(c.iterator([1, 2])) == [1, 2]


def test_what_is_not_iterable_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.iterator(1)


@pytest.mark.parametrize(("value", "expected"), [(iter([]), True), ([], False), (1, False)])
def test_check_tells_iterators_from_iterables(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


def test_an_iterator_is_read_to_its_end(c: ModuleType) -> None:
    assert c.collect(iter("abc")) == ["a", "b", "c"]


def test_an_iterator_that_raises_is_an_error(c: ModuleType) -> None:
    with pytest.raises(LookupError, match="in the middle"):
        c.collect(breaking())


def test_next_of_what_is_not_an_iterator_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(
        TypeError, match="^HPyIter_Next: a 'list' was given, an iterator was expected"
    ):
        c.collect([])


@pytest.mark.parametrize(
    ("function", "slot"),
    [("iterator", "HPy_GetIter"), ("check", "HPyIter_Check"), ("collect", "HPyIter_Next")],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=rf"^{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(NULL)
