"""test_words.py: tools/check_words.py counts turns of phrase, and finds them in messages."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parents[2] / "tools"


@pytest.fixture(scope="module")
def words() -> ModuleType:
    sys.path.insert(0, str(TOOLS))
    try:
        spec = importlib.util.spec_from_file_location("check_words", TOOLS / "check_words.py")
        assert spec is not None and spec.loader is not None
        module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(TOOLS))
    return module


def found(words: ModuleType, text: str) -> dict[str, int]:
    """Turn -> how often it is found in the text."""
    counts = {turn.name: len(words.places_of(turn, {"file": text})) for turn in words.TURNS}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("where it is no type", "is no X"),
        ("what was no dict, and are no lists", "is no X"),
        ("which comes to nothing", "comes to"),
        ("the value stands there", "stands"),
        ("a table that lies in memory", "lies in"),
        ("the list says which", "says"),
        ("where none is to be had", "to be had"),
        ("a look at the file", "a look at"),
        ("costs the way to a value", "the way to"),
        ("its type is asked", "is asked"),
        ("a file that shall be found", "shall"),
    ],
)
def test_each_turn_is_found(words: ModuleType, text: str, turn: str) -> None:
    assert set(found(words, text)) == {turn}


@pytest.mark.parametrize(
    "text",
    [
        "there is no memory",
        "it is no longer needed",
        "it came to an end",
        "None stands for HPy_NULL",
        "a stand-in for CPython",
        "says_cell(word)",
        "is not a type",
    ],
)
def test_plain_english_is_not(words: ModuleType, text: str) -> None:
    assert found(words, text) == {}


def test_two_in_one_line_are_two(words: ModuleType) -> None:
    assert found(words, "it is no type and it is no dict") == {"is no X": 2}


def test_a_place_is_named_with_its_line(words: ModuleType) -> None:
    turn = words.TURNS[0]
    assert [str(place) for place in words.places_of(turn, {"a.h": "//\n// it is no X\n"})] == [
        "a.h:2: // it is no X"
    ]


def test_a_message_of_two_literals_is_one(words: ModuleType) -> None:
    source = 'f(// it is no "dict"\n  "\'%s\' is "\n  "no dict", \'x\', "\\" other");'
    assert list(words.cpp_messages(source)) == [(2, "'%s' is no dict"), (2 + 1, '\\" other')]


def test_a_docstring_is_no_message(words: ModuleType) -> None:
    source = '"""It is no X."""\ndef f():\n    "neither"\n    return f"{f} is no type"\n'
    assert list(words.python_messages(source)) == [(4, " is no type")]


def test_a_tree_has_no_more_turns_than_their_limits(
    words: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert words.main(TOOLS.parent) == 0, capsys.readouterr().out


def test_more_than_the_limit_fails_and_names_the_places(
    words: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    places = [words.Place("a.py", 3, "is no X"), words.Place("a.py", 4, "is no Y")]

    assert words.report("is no X", places, 1)
    assert capsys.readouterr().out == (
        'words: "is no X" is found 2 times, 1 are allowed:\n  a.py:3: is no X\n  a.py:4: is no Y\n'
    )


def test_less_than_the_limit_passes_and_asks_for_a_lower_one(
    words: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not words.report("is no X", [], 2)
    assert "lower its limit of 2" in capsys.readouterr().out
