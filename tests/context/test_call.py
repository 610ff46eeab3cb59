"""test_call.py: calls reach Python with their arguments, in their order."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(callable) { return answer(ctx, HPyCallable_Check(ctx, ARG(0))); }
FUNCTION(tuple_dict) { return handle(ctx, HPy_CallTupleDict(ctx, ARG(0), ARG(1), ARG(2))); }

/* callable, kwnames, nargs, then the array */
FUNCTION(call) {
    HPy array[8];
    for (size_t i = 0; i < 8; i++) array[i] = ARG(i + 3);
    return handle(ctx, HPy_Call(ctx, ARG(0), array, (size_t)SIZE(2), ARG(1)));
}
FUNCTION(method) {
    HPy array[8];
    for (size_t i = 0; i < 8; i++) array[i] = ARG(i + 3);
    return handle(ctx, HPy_CallMethod(ctx, ARG(0), array, (size_t)SIZE(2), ARG(1)));
}
FUNCTION(call_without_array) {
    return handle(ctx, HPy_Call(ctx, ARG(0), NULL, (size_t)SIZE(1), ARG(2)));
}
FUNCTION(method_without_array) {
    return handle(ctx, HPy_CallMethod(ctx, ARG(0), NULL, 1, HPy_NULL));
}
FUNCTION(call_with_failed_argument) {
    HPy array[1] = {HPy_GetAttr_s(ctx, ARG(0), "missing")};
    return handle(ctx, HPy_Call(ctx, ARG(0), array, 1, HPy_NULL));
}
"""


def told(*args: object, **keywords: object) -> tuple[tuple[object, ...], dict[str, object]]:
    return args, keywords


class Receiver:
    def told(self, *args: object, **keywords: object) -> tuple[object, ...]:
        return self, args, keywords


def failing(*_: object, **__: object) -> None:
    raise LookupError("called")


@pytest.mark.parametrize(("value", "expected"), [(told, True), (int, True), (1, False)])
def test_check_tells_what_can_be_called(c: ModuleType, value: object, expected: bool) -> None:
    assert c.callable(value) is expected


def test_a_call_passes_positional_arguments(c: ModuleType) -> None:
    assert c.call(told, NULL, 3, 1, 2, 3) == ((1, 2, 3), {})


def test_a_call_passes_keywords_behind_the_positional_ones(c: ModuleType) -> None:
    assert c.call(told, ("x", "y"), 1, 1, 2, 3) == ((1,), {"x": 2, "y": 3})


def test_a_call_passes_keywords_alone(c: ModuleType) -> None:
    assert c.call(told, ("x",), 0, 1) == ((), {"x": 1})


def test_a_call_without_arguments_needs_no_array(c: ModuleType) -> None:
    assert c.call_without_array(told, 0) == ((), {})


def test_a_call_of_a_type_makes_an_instance(c: ModuleType) -> None:
    assert c.call(complex, ("imag",), 1, 1, 2) == 1 + 2j


def test_a_call_returns_what_the_callable_raises(c: ModuleType) -> None:
    with pytest.raises(LookupError, match="called"):
        c.call(failing, NULL, 1, 1)


def test_calling_what_cannot_be_called_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.call(1, NULL, 0)


def test_keyword_names_that_are_not_a_tuple_are_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="HPy_Call: 'kwnames' is a 'list'"):
        c.call(told, ["x"], 0, 1)


def test_a_null_among_the_arguments_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPy_Call: argument 1 is HPy_NULL"):
        c.call(told, NULL, 2, 1, NULL)


def test_a_null_among_the_keywords_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPy_Call: argument 1 is HPy_NULL"):
        c.call(told, ("x",), 1, 1, NULL)


def test_the_exception_of_a_failed_argument_is_kept(c: ModuleType) -> None:
    with pytest.raises(AttributeError, match="missing"):
        c.call_with_failed_argument(told)


@pytest.mark.parametrize(("count", "names"), [(1, NULL), (0, ("x",))])
def test_arguments_without_an_array_are_a_system_error(
    c: ModuleType, count: int, names: Any
) -> None:
    with pytest.raises(SystemError, match="HPy_Call: 'args' is NULL"):
        c.call_without_array(told, count, names)


def test_a_method_gets_its_receiver_first(c: ModuleType) -> None:
    receiver = Receiver()

    assert c.method("told", ("x",), 2, receiver, 1, 2) == (receiver, (1,), {"x": 2})


def test_the_receiver_counts_as_an_argument(c: ModuleType) -> None:
    receiver = Receiver()

    assert c.method("told", NULL, 1, receiver, "not passed") == (receiver, (), {})


def test_a_method_of_a_builtin_is_found(c: ModuleType) -> None:
    assert c.method("upper", NULL, 1, "text") == "TEXT"


def test_a_method_call_without_a_receiver_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match=r"HPy_CallMethod: nargs is 0"):
        c.method("told", NULL, 0, Receiver())


def test_a_method_call_without_an_array_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPy_CallMethod: 'args' is NULL"):
        c.method_without_array("told")


def test_a_null_receiver_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="HPy_CallMethod: argument 0 is HPy_NULL"):
        c.method("told", NULL, 1, NULL)


def test_a_method_that_is_not_there_is_an_attribute_error(c: ModuleType) -> None:
    with pytest.raises(AttributeError):
        c.method("other", NULL, 1, Receiver())


def test_a_method_name_that_is_not_a_str_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError):
        c.method(1, NULL, 1, Receiver())


def test_a_tuple_and_a_dict_are_passed_on(c: ModuleType) -> None:
    assert c.tuple_dict(told, (1, 2), {"x": 3}) == ((1, 2), {"x": 3})


@pytest.mark.parametrize("keywords", [NULL, {}])
def test_a_dict_is_not_needed(c: ModuleType, keywords: Any) -> None:
    assert c.tuple_dict(told, (1,), keywords) == ((1,), {})


def test_a_tuple_is_not_needed(c: ModuleType) -> None:
    assert c.tuple_dict(told, NULL, {"x": 1}) == ((), {"x": 1})


def test_arguments_that_are_not_a_tuple_are_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="'args' is a 'list'; a tuple, or HPy_NULL for none, was"):
        c.tuple_dict(told, [1], NULL)


def test_keywords_that_are_not_a_dict_are_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="'kw' is a 'list'; a dict, or HPy_NULL for none, was"):
        c.tuple_dict(told, (), [1])


def test_what_the_callable_of_a_tuple_raises_is_returned(c: ModuleType) -> None:
    with pytest.raises(LookupError, match="called"):
        c.tuple_dict(failing, (), NULL)


@pytest.mark.parametrize(
    ("function", "slot", "operands"),
    [
        ("call", "Call", (NULL, NULL, 0)),
        ("method", "CallMethod", (NULL, NULL, 1, 1)),
        ("tuple_dict", "CallTupleDict", (NULL, (), {})),
    ],
)
def test_a_null_callable_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, operands: tuple[Any, ...]
) -> None:
    with pytest.raises(SystemError, match=rf"^HPy_{slot}: parameter 1 is HPy_NULL"):
        getattr(c, function)(*operands)


def test_a_failed_call_keeps_no_argument(c: ModuleType) -> None:
    argument = object()
    before = references(argument)

    for _ in range(5):
        with pytest.raises(LookupError):
            c.call(failing, ("x",), 1, argument, argument)

    assert references(argument) == before
