"""test_object.py: references, attributes, items, text, comparison and hash of any object.

Long: one topic of the API, each function with its error path.
"""

from __future__ import annotations

import operator
from types import ModuleType
from typing import Any

import pytest

from tests.conftest import Child
from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(dup) { return HPy_Dup(ctx, ARG(0)); }
FUNCTION(dup_null) { return HPyBool_FromBool(ctx, HPy_IsNull(HPy_Dup(ctx, HPy_NULL))); }
FUNCTION(close_null) { HPy_Close(ctx, HPy_NULL); return done(ctx); }
FUNCTION(dup_close) { HPy_Close(ctx, HPy_Dup(ctx, ARG(0))); return done(ctx); }
FUNCTION(is_true) { return status(ctx, HPy_IsTrue(ctx, ARG(0))); }
FUNCTION(type_of) { return handle(ctx, HPy_Type(ctx, ARG(0))); }
FUNCTION(type_check) { return answer(ctx, HPy_TypeCheck(ctx, ARG(0), ARG(1))); }
FUNCTION(same) { return answer(ctx, HPy_Is(ctx, ARG(0), ARG(1))); }

FUNCTION(get_attr) { return handle(ctx, HPy_GetAttr(ctx, ARG(0), ARG(1))); }
FUNCTION(get_attr_s) { return handle(ctx, HPy_GetAttr_s(ctx, ARG(0), TEXT(1))); }
FUNCTION(has_attr) { return answer(ctx, HPy_HasAttr(ctx, ARG(0), ARG(1))); }
FUNCTION(has_attr_s) { return answer(ctx, HPy_HasAttr_s(ctx, ARG(0), TEXT(1))); }
FUNCTION(set_attr) { return status(ctx, HPy_SetAttr(ctx, ARG(0), ARG(1), ARG(2))); }
FUNCTION(set_attr_s) { return status(ctx, HPy_SetAttr_s(ctx, ARG(0), TEXT(1), ARG(2))); }

FUNCTION(length) { return status(ctx, HPy_Length(ctx, ARG(0))); }
FUNCTION(contains) { return status(ctx, HPy_Contains(ctx, ARG(0), ARG(1))); }
FUNCTION(get_item) { return handle(ctx, HPy_GetItem(ctx, ARG(0), ARG(1))); }
FUNCTION(get_item_i) { return handle(ctx, HPy_GetItem_i(ctx, ARG(0), SIZE(1))); }
FUNCTION(get_item_s) { return handle(ctx, HPy_GetItem_s(ctx, ARG(0), TEXT(1))); }
FUNCTION(set_item) { return status(ctx, HPy_SetItem(ctx, ARG(0), ARG(1), ARG(2))); }
FUNCTION(set_item_i) { return status(ctx, HPy_SetItem_i(ctx, ARG(0), SIZE(1), ARG(2))); }
FUNCTION(set_item_s) { return status(ctx, HPy_SetItem_s(ctx, ARG(0), TEXT(1), ARG(2))); }
FUNCTION(del_item) { return status(ctx, HPy_DelItem(ctx, ARG(0), ARG(1))); }
FUNCTION(del_item_i) { return status(ctx, HPy_DelItem_i(ctx, ARG(0), SIZE(1))); }
FUNCTION(del_item_s) { return status(ctx, HPy_DelItem_s(ctx, ARG(0), TEXT(1))); }
FUNCTION(get_slice) { return handle(ctx, APPENDED(GetSlice)(ctx, ARG(0), SIZE(1), SIZE(2))); }
FUNCTION(set_slice) {
    return status(ctx, APPENDED(SetSlice)(ctx, ARG(0), SIZE(1), SIZE(2), ARG(3)));
}
FUNCTION(del_slice) { return status(ctx, APPENDED(DelSlice)(ctx, ARG(0), SIZE(1), SIZE(2))); }

FUNCTION(repr_of) { return handle(ctx, HPy_Repr(ctx, ARG(0))); }
FUNCTION(str_of) { return handle(ctx, HPy_Str(ctx, ARG(0))); }
FUNCTION(ascii_of) { return handle(ctx, HPy_ASCII(ctx, ARG(0))); }
FUNCTION(bytes_of) { return handle(ctx, HPy_Bytes(ctx, ARG(0))); }
FUNCTION(compare) { return handle(ctx, HPy_RichCompare(ctx, ARG(0), ARG(1), (int)SIZE(2))); }
FUNCTION(compare_bool) {
    return status(ctx, HPy_RichCompareBool(ctx, ARG(0), ARG(1), (int)SIZE(2)));
}
FUNCTION(hash_of) { return status(ctx, HPy_Hash(ctx, ARG(0))); }
FUNCTION(dump) { _HPy_Dump(ctx, ARG(0)); return done(ctx); }
FUNCTION(dump_while_raising) {
    HPyErr_SetString(ctx, ctx->h_KeyError, "pending");
    _HPy_Dump(ctx, ARG(0));
    return done(ctx);
}
"""

OPERATORS = [operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge]


class Attributes:
    """An object that takes attributes, and one of which raises."""

    x = 1

    @property
    def broken(self) -> int:
        raise ZeroDivisionError


class Unfriendly:
    """Every operation on it raises."""

    def __bool__(self) -> bool:
        raise KeyError("bool")

    def __repr__(self) -> str:
        raise KeyError("repr")

    def __bytes__(self) -> bytes:
        raise KeyError("bytes")

    def __lt__(self, other: object) -> bool:
        raise KeyError("lt")

    def __hash__(self) -> int:
        raise KeyError("hash")


# ---- references ----------------------------------------------------------------------------------


def test_a_duplicate_is_a_reference_to_the_same_object(c: ModuleType) -> None:
    target = object()
    before = references(target)

    duplicate = c.dup(target)

    assert duplicate is target
    assert references(target) == before + 1


def test_a_closed_duplicate_leaves_no_reference(c: ModuleType) -> None:
    target = object()
    before = references(target)

    c.dup_close(target)

    assert references(target) == before


def test_the_duplicate_of_null_is_null(c: ModuleType) -> None:
    assert c.dup_null() is True


def test_closing_null_does_nothing(c: ModuleType) -> None:
    assert c.close_null() is None


@pytest.mark.parametrize(("value", "truth"), [([], 0), ([0], 1), (None, 0), (1, 1)])
def test_truth_is_pythons(c: ModuleType, value: object, truth: int) -> None:
    assert c.is_true(value) == truth


def test_a_truth_that_raises_is_an_error(c: ModuleType) -> None:
    with pytest.raises(KeyError, match="bool"):
        c.is_true(Unfriendly())


def test_the_type_of_an_object_is_a_new_handle(c: ModuleType) -> None:
    before = references(Attributes)

    assert c.type_of(Attributes()) is Attributes
    assert references(Attributes) == before


@pytest.mark.parametrize(
    ("value", "kind", "expected"), [(True, int, True), (1, bool, False), (1, object, True)]
)
def test_a_type_check_knows_subtypes(
    c: ModuleType, value: object, kind: type, expected: bool
) -> None:
    assert c.type_check(value, kind) is expected


def test_a_type_check_against_what_is_not_a_type_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_TypeCheck"):
        c.type_check(1, 2)


def test_is_asks_for_identity_not_equality(c: ModuleType) -> None:
    first, second = [1], [1]

    assert (c.same(first, first), c.same(first, second)) == (True, False)


# ---- attributes ----------------------------------------------------------------------------------


@pytest.mark.parametrize("get", ["get_attr", "get_attr_s"])
def test_an_attribute_is_read(c: ModuleType, get: str) -> None:
    assert getattr(c, get)(Attributes(), "x") == 1


@pytest.mark.parametrize("get", ["get_attr", "get_attr_s"])
def test_an_attribute_that_is_not_there_is_an_attribute_error(c: ModuleType, get: str) -> None:
    with pytest.raises(AttributeError):
        getattr(c, get)(Attributes(), "y")


@pytest.mark.parametrize("has", ["has_attr", "has_attr_s"])
@pytest.mark.parametrize(("name", "there"), [("x", True), ("y", False), ("broken", False)])
def test_has_answers_and_never_raises(c: ModuleType, has: str, name: str, there: bool) -> None:
    assert getattr(c, has)(Attributes(), name) is there


@pytest.mark.parametrize("put", ["set_attr", "set_attr_s"])
def test_an_attribute_is_set(c: ModuleType, put: str) -> None:
    target = Attributes()

    getattr(c, put)(target, "y", "value")

    assert vars(target) == {"y": "value"}


@pytest.mark.parametrize("put", ["set_attr", "set_attr_s"])
def test_setting_an_attribute_to_null_deletes_it(c: ModuleType, put: str) -> None:
    target = Attributes()
    target.__dict__["y"] = 1

    getattr(c, put)(target, "y", NULL)

    assert vars(target) == {}


@pytest.mark.parametrize("put", ["set_attr", "set_attr_s"])
def test_an_attribute_that_cannot_be_set_is_an_attribute_error(c: ModuleType, put: str) -> None:
    with pytest.raises(AttributeError):
        getattr(c, put)(1, "y", 2)


@pytest.mark.parametrize(
    ("function", "slot"),
    [
        ("get_attr_s", "HPy_GetAttr_s"),
        ("has_attr_s", "HPy_HasAttr_s"),
        ("set_attr_s", "HPy_SetAttr_s"),
        ("get_item_s", "HPy_GetItem_s"),
        ("set_item_s", "HPy_SetItem_s"),
        ("del_item_s", "HPy_DelItem_s"),
    ],
)
def test_a_null_name_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str
) -> None:
    with pytest.raises(SystemError, match=f"^{slot}: 'utf8_[a-z]+' is NULL"):
        getattr(c, function)({}, NULL, 1)


# ---- items ---------------------------------------------------------------------------------------


def test_the_length_is_pythons(c: ModuleType) -> None:
    assert c.length([1, 2, 3]) == 3


def test_an_object_without_length_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.length(1)


@pytest.mark.parametrize(("key", "there"), [(2, 1), (9, 0)])
def test_contains_is_pythons_in(c: ModuleType, key: int, there: int) -> None:
    assert c.contains([1, 2], key) == there


def test_contains_of_no_container_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.contains(1, 1)


def test_an_item_is_read_by_object_index_and_text(c: ModuleType) -> None:
    items = {"a": 1, 5: 2, (1,): 3}

    assert (c.get_item(items, (1,)), c.get_item_i(items, 5), c.get_item_s(items, "a")) == (3, 2, 1)


def test_a_negative_index_counts_from_the_end(c: ModuleType) -> None:
    assert c.get_item_i([1, 2, 3], -1) == 3


@pytest.mark.parametrize("kind", [list, tuple])
def test_an_index_finds_what_python_finds(c: ModuleType, kind: type) -> None:
    items = kind("abc")
    assert [c.get_item_i(items, i) for i in range(-3, 3)] == list("abcabc")
    for wrong in (3, -4, 2**62, -(2**62)):
        with pytest.raises(IndexError) as ours:
            c.get_item_i(items, wrong)
        with pytest.raises(IndexError) as pythons:
            items[wrong]
        assert str(ours.value) == str(pythons.value)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_subclass_of_list_or_tuple_decides_what_its_items_are(c: ModuleType, kind: type) -> None:
    class Other(kind):  # type: ignore[misc, valid-type]
        def __getitem__(self, index: int) -> str:  # type: ignore[override]
            return f"item {index}"

    assert c.get_item_i(Other("abc"), 1) == "item 1"


@pytest.mark.parametrize(
    ("get", "key"), [("get_item", "x"), ("get_item_i", 9), ("get_item_s", "x")]
)
def test_an_item_that_is_not_there_is_a_key_error(c: ModuleType, get: str, key: object) -> None:
    with pytest.raises(KeyError):
        getattr(c, get)({}, key)


def test_an_index_beyond_a_list_is_an_index_error(c: ModuleType) -> None:
    with pytest.raises(IndexError):
        c.get_item_i([1], 1)


def test_an_item_is_set_by_object_index_and_text(c: ModuleType) -> None:
    items: dict[object, int] = {}

    c.set_item(items, (1,), 3)
    c.set_item_i(items, 5, 2)
    c.set_item_s(items, "a", 1)

    assert items == {(1,): 3, 5: 2, "a": 1}


@pytest.mark.parametrize(("put", "key"), [("set_item", 0), ("set_item_i", 0), ("set_item_s", "a")])
def test_an_item_that_cannot_be_set_is_a_type_error(c: ModuleType, put: str, key: object) -> None:
    with pytest.raises(TypeError):
        getattr(c, put)((1,), key, 2)


def test_an_item_is_deleted_by_object_index_and_text(c: ModuleType) -> None:
    items = {"a": 1, 5: 2, (1,): 3, "kept": 4}

    c.del_item(items, (1,))
    c.del_item_i(items, 5)
    c.del_item_s(items, "a")

    assert items == {"kept": 4}


@pytest.mark.parametrize(
    ("drop", "key"), [("del_item", "x"), ("del_item_i", 9), ("del_item_s", "x")]
)
def test_deleting_what_is_not_there_is_a_key_error(c: ModuleType, drop: str, key: object) -> None:
    with pytest.raises(KeyError):
        getattr(c, drop)({}, key)


def test_a_slice_is_read(c: ModuleType) -> None:
    assert c.get_slice([0, 1, 2, 3], 1, 3) == [1, 2]


def test_a_slice_is_replaced(c: ModuleType) -> None:
    items = [0, 1, 2, 3]

    c.set_slice(items, 1, 3, ["new"])

    assert items == [0, "new", 3]


def test_a_slice_set_to_null_is_deleted(c: ModuleType) -> None:
    items = [0, 1, 2, 3]

    c.set_slice(items, 1, 3, NULL)

    assert items == [0, 3]


def test_a_slice_is_deleted(c: ModuleType) -> None:
    items = [0, 1, 2, 3]

    c.del_slice(items, 0, 2)

    assert items == [2, 3]


@pytest.mark.parametrize(
    ("function", "rest"), [("get_slice", ()), ("set_slice", ([],)), ("del_slice", ())]
)
def test_an_object_without_slices_is_a_type_error(
    c: ModuleType, function: str, rest: tuple[Any, ...]
) -> None:
    with pytest.raises(TypeError):
        getattr(c, function)(1, 0, 1, *rest)


# ---- text, comparison, hash ----------------------------------------------------------------------


def test_the_texts_of_an_object_are_pythons(c: ModuleType) -> None:
    texts = [c.repr_of("\xe4"), c.str_of("\xe4"), c.ascii_of("\xe4"), c.bytes_of(bytearray(b"x"))]

    assert texts == ["'\xe4'", "\xe4", "'\\xe4'", b"x"]


@pytest.mark.parametrize("function", ["repr_of", "str_of", "ascii_of", "bytes_of"])
def test_a_text_that_raises_is_an_error(c: ModuleType, function: str) -> None:
    with pytest.raises(KeyError):
        getattr(c, function)(Unfriendly())


@pytest.mark.parametrize("other", [1, 2, 3])
def test_comparisons_are_pythons(c: ModuleType, other: int) -> None:
    expected = [compare(2, other) for compare in OPERATORS]

    assert [c.compare(2, other, op) for op in range(6)] == expected
    assert [c.compare_bool(2, other, op) for op in range(6)] == expected


@pytest.mark.parametrize("function", ["compare", "compare_bool"])
@pytest.mark.parametrize("operation", [-1, 6, 7000, 2**31 - 1, -(2**31)])
@pytest.mark.parametrize("values", [(1, 2), ("same", "same"), (object, type)])
def test_an_operation_that_does_not_exist_is_a_system_error(
    c: ModuleType, function: str, operation: int, values: tuple[object, object]
) -> None:
    """CPython takes the number for an index."""
    with pytest.raises(SystemError, match=rf"^HPy_RichCompare(Bool)?: .* {operation},"):
        getattr(c, function)(*values, operation)


@pytest.mark.parametrize("function", ["compare", "compare_bool"])
def test_a_comparison_that_raises_is_an_error(c: ModuleType, function: str) -> None:
    with pytest.raises(KeyError, match="lt"):
        getattr(c, function)(Unfriendly(), 1, 0)


def test_the_hash_is_pythons(c: ModuleType) -> None:
    assert c.hash_of("text") == hash("text")


@pytest.mark.parametrize(("value", "error"), [([], TypeError), (Unfriendly(), KeyError)])
def test_an_object_without_hash_is_an_error(
    c: ModuleType, value: object, error: type[Exception]
) -> None:
    with pytest.raises(error):
        c.hash_of(value)


# ---- dump ----------------------------------------------------------------------------------------


def _dump(child: Child, c: ModuleType, code: str) -> str:
    script = f"import hpystate; c = hpystate.load({c.__name__!r}, {c.__file__!r})\n{code}"
    ended = child(script)
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_a_dump_shows_the_object_on_stderr(c: ModuleType, child: Child) -> None:
    assert "['dumped']" in _dump(child, c, "c.dump(['dumped'])")


def test_a_dump_of_null_does_not_crash(c: ModuleType, child: Child) -> None:
    assert "handle 0x0" in _dump(child, c, "c.dump(...)")


def test_a_dump_of_what_has_no_repr_raises_nothing(c: ModuleType, child: Child) -> None:
    code = "class Bad:\n    def __repr__(self): raise KeyError\nc.dump(Bad())"

    assert "<a 'Bad' whose repr raised KeyError>" in _dump(child, c, code)


def test_a_dump_leaves_the_exception_that_is_set(c: ModuleType) -> None:
    with pytest.raises(KeyError, match="pending"):
        c.dump_while_raising([1])


# ---- HPy_NULL ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("function", "slot", "operands", "position"),
    [
        ("is_true", "IsTrue", (NULL,), 1),
        ("type_of", "Type", (NULL,), 1),
        ("type_check", "TypeCheck", (1, NULL), 2),
        ("get_attr", "GetAttr", (1, NULL), 2),
        ("get_attr_s", "GetAttr_s", (NULL, "x"), 1),
        ("has_attr", "HasAttr", (NULL, "x"), 1),
        ("has_attr_s", "HasAttr_s", (NULL, "x"), 1),
        ("set_attr", "SetAttr", (NULL, "x", 1), 1),
        ("set_attr_s", "SetAttr_s", (NULL, "x", 1), 1),
        ("length", "Length", (NULL,), 1),
        ("contains", "Contains", ([], NULL), 2),
        ("get_item", "GetItem", ({}, NULL), 2),
        ("get_item_i", "GetItem_i", (NULL, 0), 1),
        ("get_item_s", "GetItem_s", (NULL, "x"), 1),
        ("set_item", "SetItem", ({}, 1, NULL), 3),
        ("set_item_i", "SetItem_i", ({}, 1, NULL), 3),
        ("set_item_s", "SetItem_s", ({}, "x", NULL), 3),
        ("del_item", "DelItem", ({}, NULL), 2),
        ("del_item_i", "DelItem_i", (NULL, 0), 1),
        ("del_item_s", "DelItem_s", (NULL, "x"), 1),
        ("get_slice", "GetSlice", (NULL, 0, 1), 1),
        ("set_slice", "SetSlice", (NULL, 0, 1, []), 1),
        ("del_slice", "DelSlice", (NULL, 0, 1), 1),
        ("compare", "RichCompare", (1, NULL, 0), 2),
        ("compare_bool", "RichCompareBool", (NULL, 1, 0), 1),
        ("hash_of", "Hash", (NULL,), 1),
    ],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, operands: tuple[Any, ...], position: int
) -> None:
    with pytest.raises(SystemError, match=rf"^HPy_{slot}: parameter {position} is HPy_NULL"):
        getattr(c, function)(*operands)
