"""test_dict.py: dicts."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(check) { return answer(ctx, HPyDict_Check(ctx, ARG(0))); }
FUNCTION(make) { return handle(ctx, HPyDict_New(ctx)); }
FUNCTION(keys) { return handle(ctx, HPyDict_Keys(ctx, ARG(0))); }
FUNCTION(copy) { return handle(ctx, HPyDict_Copy(ctx, ARG(0))); }
"""


class Liar(dict[str, int]):
    """Its methods say other than what it holds."""

    def keys(self) -> list[str]:  # type: ignore[override]
        return ["lie"]

    def copy(self) -> dict[str, int]:
        return {"lie": 0}


@pytest.mark.parametrize(("value", "expected"), [({}, True), (Liar(), True), ([], False)])
def test_check_knows_subtypes(c: ModuleType, value: object, expected: bool) -> None:
    assert c.check(value) is expected


def test_a_new_dict_is_empty_and_another_each_time(c: ModuleType) -> None:
    first = c.make()

    assert first == {}
    assert first is not c.make()


def test_keys_are_a_list_in_their_order(c: ModuleType) -> None:
    assert c.keys({"b": 1, "a": 2}) == ["b", "a"]


def test_keys_are_those_that_are_held_not_those_that_are_told(c: ModuleType) -> None:
    assert c.keys(Liar(real=1)) == ["real"]


def test_a_copy_has_the_same_items_and_is_another_dict(c: ModuleType) -> None:
    original = {"a": [1]}

    copy = c.copy(original)

    assert copy == original
    assert copy is not original
    assert copy["a"] is original["a"]


def test_a_copy_has_what_is_held_not_what_is_told(c: ModuleType) -> None:
    assert c.copy(Liar(real=1)) == {"real": 1}


@pytest.mark.parametrize("function", ["keys", "copy"])
def test_what_is_not_a_dict_is_a_system_error(c: ModuleType, function: str) -> None:
    with pytest.raises(SystemError):
        getattr(c, function)([])


@pytest.mark.parametrize(
    ("function", "slot"), [("check", "Check"), ("keys", "Keys"), ("copy", "Copy")]
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=rf"^HPyDict_{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(NULL)
