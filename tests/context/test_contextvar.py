"""test_contextvar.py: context variables, with and without values and defaults."""

from __future__ import annotations

import contextvars
from types import ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(make) { return handle(ctx, HPyContextVar_New(ctx, TEXT(0), ARG(1))); }
FUNCTION(get) {
    HPy result = ctx->h_Ellipsis; /* what Get must overwrite, also where it raises */
    int32_t code = HPyContextVar_Get(ctx, ARG(0), ARG(1), &result);
    if (HPyErr_Occurred(ctx) != (code == -1)) return wrong(ctx, "-1 and an exception");
    if (code == -1) return HPy_IsNull(result) ? HPy_NULL : wrong(ctx, "a result with an error");
    return HPy_IsNull(result) ? HPyUnicode_FromString(ctx, "nothing") : result;
}
FUNCTION(get_null) { /* where the guard answers, nobody has written the result */
    HPy result = HPy_NULL;
    return status(ctx, HPyContextVar_Get(ctx, HPy_NULL, HPy_NULL, &result));
}
FUNCTION(get_nowhere) { return status(ctx, HPyContextVar_Get(ctx, ARG(0), HPy_NULL, NULL)); }
FUNCTION(set) { return handle(ctx, HPyContextVar_Set(ctx, ARG(0), ARG(1))); }
"""


def test_a_variable_has_its_name(c: ModuleType) -> None:
    assert c.make("mine", NULL).name == "mine"


def test_a_variable_has_its_default(c: ModuleType) -> None:
    assert c.get(c.make("mine", "default"), NULL) == "default"


def test_the_default_of_the_call_goes_before_that_of_the_variable(c: ModuleType) -> None:
    assert c.get(c.make("mine", "default"), "asked") == "asked"


def test_a_variable_without_value_and_default_gives_null_without_an_error(c: ModuleType) -> None:
    assert c.get(c.make("mine", NULL), NULL) == "nothing"


def test_a_value_that_was_set_is_read_and_its_token_resets_it(c: ModuleType) -> None:
    variable = c.make("mine", "default")

    token = c.set(variable, "value")

    assert c.get(variable, NULL) == "value"
    variable.reset(token)
    assert c.get(variable, NULL) == "default"


def test_a_value_set_in_one_context_is_not_seen_in_another(c: ModuleType) -> None:
    variable = c.make("mine", "default")

    contextvars.copy_context().run(c.set, variable, "inside")

    assert c.get(variable, NULL) == "default"


def test_a_value_is_a_new_handle_each_time(c: ModuleType) -> None:
    value = object()
    variable = c.make("mine", value)
    before = references(value)

    for _ in range(5):
        c.get(variable, NULL)

    assert references(value) == before


@pytest.mark.parametrize("function", ["get", "set"])
def test_what_is_not_a_variable_is_a_type_error(c: ModuleType, function: str) -> None:
    with pytest.raises(TypeError):
        getattr(c, function)("text", "value")


def test_nowhere_to_write_the_value_to_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyContextVar_Get: 'result' is NULL"):
        c.get_nowhere(c.make("mine", NULL))


def test_a_null_name_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyContextVar_New: 'name' is NULL"):
        c.make(NULL, NULL)


@pytest.mark.parametrize(
    ("function", "slot", "operands", "position"),
    [
        ("get_null", "Get", (), 1),
        ("set", "Set", (NULL, 1), 1),
        ("set", "Set", (contextvars.ContextVar("mine"), NULL), 2),
    ],
)
def test_a_null_operand_is_a_system_error_naming_the_function(
    c: ModuleType, function: str, slot: str, operands: tuple[Any, ...], position: int
) -> None:
    expected = rf"^HPyContextVar_{slot}: parameter {position} is HPy_NULL"

    with pytest.raises(SystemError, match=expected):
        getattr(c, function)(*operands)
