"""test_eval.py: compiling source text and evaluating code objects."""

from __future__ import annotations

from types import CodeType, ModuleType
from typing import Any

import pytest

from tests.context.snippet import NULL

SOURCE = r"""
FUNCTION(compile) {
    return handle(ctx, HPy_Compile_s(ctx, TEXT(0), TEXT(1), (HPy_SourceKind)SIZE(2)));
}
FUNCTION(evaluate) { return handle(ctx, HPy_EvalCode(ctx, ARG(0), ARG(1), ARG(2))); }
"""

EXPRESSION, FILE, SINGLE = range(3)


def _free() -> CodeType:
    """The code of a function that needs a closure."""
    captured = 1

    def inner() -> int:
        return captured

    return inner.__code__


def test_an_expression_has_a_value(c: ModuleType) -> None:
    code = c.compile("a + b", "f", EXPRESSION)

    assert c.evaluate(code, {"a": 1}, {"b": 2}) == 3


def test_a_file_has_effects(c: ModuleType) -> None:
    local: dict[str, int] = {}

    result = c.evaluate(c.compile("x = 1\ny = x + 1", "f", FILE), {}, local)

    assert (result, local) == (None, {"x": 1, "y": 2})


def test_a_single_statement_prints_its_value(
    c: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    c.evaluate(c.compile("6 * 7", "f", SINGLE), {}, {})

    assert capsys.readouterr().out == "42\n"


def test_code_has_the_name_of_its_file(c: ModuleType) -> None:
    assert c.compile("1", "the file", EXPRESSION).co_filename == "the file"


def test_code_that_raises_is_an_error(c: ModuleType) -> None:
    with pytest.raises(ZeroDivisionError):
        c.evaluate(c.compile("1 / 0", "f", EXPRESSION), {}, {})


@pytest.mark.parametrize(("source", "kind"), [("x = 1", EXPRESSION), ("x = ", FILE), ("(", SINGLE)])
def test_source_that_is_not_of_its_kind_is_a_syntax_error(
    c: ModuleType, source: str, kind: int
) -> None:
    with pytest.raises(SyntaxError) as raised:
        c.compile(source, "the file", kind)

    assert raised.value.filename == "the file"


def test_an_unknown_kind_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPy_Compile_s: the source kind"):
        c.compile("1", "f", 9)


@pytest.mark.parametrize(
    ("operands", "name"), [((NULL, "f"), "utf8_source"), (("1", NULL), "utf8_filename")]
)
def test_a_null_text_is_a_system_error(c: ModuleType, operands: tuple[Any, Any], name: str) -> None:
    with pytest.raises(SystemError, match=f"^HPy_Compile_s: '{name}' is NULL"):
        c.compile(*operands, EXPRESSION)


@pytest.mark.parametrize("value", [5, "1 + 1", None])
def test_what_is_not_a_code_object_is_a_type_error(c: ModuleType, value: object) -> None:
    with pytest.raises(TypeError, match="^HPy_EvalCode: 'code' is a '"):
        c.evaluate(value, {}, {})


def test_code_that_needs_a_closure_is_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="free variables"):
        c.evaluate(_free(), {}, {})


def test_globals_that_are_not_a_dict_are_a_type_error(c: ModuleType) -> None:
    with pytest.raises(TypeError, match="^HPy_EvalCode: 'globals' is a 'list'"):
        c.evaluate(c.compile("1", "f", EXPRESSION), [], {})


@pytest.mark.parametrize("position", [1, 2])
def test_a_null_operand_is_a_system_error_naming_the_function(c: ModuleType, position: int) -> None:
    operands: list[Any] = [c.compile("1", "f", EXPRESSION), {}, {}]
    operands[position - 1] = NULL

    with pytest.raises(SystemError, match=rf"^HPy_EvalCode: parameter {position} is HPy_NULL"):
        c.evaluate(*operands)
