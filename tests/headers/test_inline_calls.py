"""test_inline_calls.py: an inline form of the CPython ABI does what the context's function does:
the same results, exceptions and references, for good operands and for bad ones."""

from __future__ import annotations

import importlib.util
import itertools
import random
import re
import sys
import sysconfig
from collections.abc import Callable
from types import ModuleType

import pytest

from hpystate.testing import compile_snippet
from tests.headers.inline_forms import extension
from tests.headers.test_inline_forms import INCLUDE, NAMED

SOURCE, LETTERS = extension(
    (INCLUDE / "hpy/abi/hpy_0_9.def").read_text(), {name for name, _ in NAMED}
)
#: The calls of a function: all of them, or so many.
MOST = 400


class Index:
    def __index__(self) -> int:
        return 1

    def __repr__(self) -> str:
        return "an Index"

    __hash__ = None  # type: ignore[assignment]


class Raises:
    """Every question about it is an error."""

    def fail(self, *args: object) -> None:
        raise ZeroDivisionError("asked")

    __index__ = __bool__ = __len__ = __hash__ = __eq__ = __iter__ = __float__ = fail
    __getitem__ = __setitem__ = __delitem__ = __contains__ = __add__ = __radd__ = fail

    def __repr__(self) -> str:
        return "a Raises"


class List(list):  # type: ignore[type-arg]
    def __getitem__(self, key: object) -> object:
        return "its own", key


def operands(letter: str, name: str) -> list[Callable[[], object]]:
    """What makes each operand anew, since a call may change it."""
    if letter == "I":
        return [lambda value=value: value for value in (0, 1, 2, -1, 5)]
    if letter == "D":
        return [lambda value=value: value for value in (0.0, -1.0, 1e308)]
    if letter == "S":
        return [lambda value=value: value for value in (..., b"x", b"upper", b"")]
    # Those that are used twice never change.
    constants = [..., None, True, 7, -1, 1.5, "x", "\u00e9", b"by", (1, "x"), int]
    constants += [str, ValueError, len, slice(0, 2)]
    if not name.endswith(("Lshift", "Power", "Multiply")):  # they would take all memory
        constants += [2**31, 2**70]
    kept: list[Callable[[], object]] = [lambda value=value: value for value in constants]
    kept += [lambda: (0, Index()), lambda: [Index(), Index()]]
    return [*kept, lambda: List([3, 1]), lambda: {"x": 1}, Index, Raises]


def outcome(function: Callable[..., object], arguments: list[object]) -> tuple[object, ...]:
    """The result or the exception as text, and how many references each operand has more, and each
    item of one."""
    watched = list(arguments)
    for each in arguments:
        watched += each if type(each) in (tuple, list) else ()  # type: ignore[operator]
    before = [sys.getrefcount(each) for each in watched]
    try:
        result = function(*arguments)
        found = "result", type(result).__name__, repr(result)
        del result
    except Exception as error:
        found = "raised", type(error).__name__, str(error)
        error.__traceback__ = None
        del error
    grown = [sys.getrefcount(each) - count for each, count in zip(watched, before, strict=True)]
    texts = (re.sub(r"0x[0-9a-f]+|_inline|_context", "", text) for text in found)
    return *texts, grown, repr(arguments)


@pytest.fixture(scope="module")
def forms() -> ModuleType:
    path = compile_snippet("forms", SOURCE, abi="cpython")
    spec = importlib.util.spec_from_file_location("forms", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_most_inline_forms_are_called() -> None:
    assert len(LETTERS) > 100


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of ~True
@pytest.mark.parametrize("name", LETTERS)
def test_an_inline_form_does_what_the_function_of_the_context_does(
    forms: ModuleType, name: str
) -> None:
    calls = list(itertools.product(*(operands(each, name) for each in LETTERS[name])))
    if len(calls) > MOST:
        calls = random.Random(name).sample(calls, MOST)
    for call in calls:
        if name == "Dup" and call[0]() is ... and sysconfig.get_config_var("Py_DEBUG"):
            continue  # it returns NULL without an exception: CPython raises, a debug build aborts
        inline, context = (
            outcome(getattr(forms, f"{name}_{way}"), [make() for make in call])
            for way in ("inline", "context")
        )
        assert inline == context
