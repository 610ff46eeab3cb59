"""test_every_function.py: listed, defined and tested functions agree."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

from hpystate.build import upstream_sdist

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime"

#: Files with functions of the context whose tests are elsewhere: what they do shows in modules,
#: types and interpreters. A new file is not among them: it needs its test_<topic>.py.
TESTED_ELSEWHERE = {"dispatcher", "legacy", "type"}


def _names(path: Path, macro: str) -> list[str]:
    """The names of a .def list, in its order."""
    pattern = rf"^{macro}\((?:[^,()]+, )?(\w+)(?:, \(.*\))?\)$"
    return re.findall(pattern, path.read_text(), re.MULTILINE)


SHAPES = re.findall(
    r"^HPY_SHAPE\w*\((\w+), -?\d+\)$",
    (ROOT / "include" / "hpy" / "abi" / "shapes.def").read_text(),
    re.MULTILINE,
)


def _definitions() -> dict[str, list[str]]:
    """Topic -> names of the functions that <topic>.cpp in runtime/ defines."""
    found: dict[str, list[str]] = {}
    for path in sorted([*RUNTIME.glob("context/*.cpp"), *RUNTIME.glob("versions/*/*.cpp")]):
        # A definition starts in the first column, and its parameters are followed by noexcept.
        pattern = r"^\w[\w:<>* ]*?[ *:]ctx_(\w+)\([^;{]*?\) noexcept(?: try)? \{"
        names = re.findall(pattern, path.read_text(), re.MULTILINE)
        # One body for every shape.
        if "ctx_AsStruct_##name(" in path.read_text():
            names += [f"AsStruct_{shape}" for shape in SHAPES]
        if names:
            found.setdefault(path.stem, []).extend(names)  # the topic type has two files
    return found


LISTED = _names(ROOT / "include" / "hpy" / "abi" / "hpy_0_9.def", "HPY_FUNC")
DEFINED = _definitions()
ALL_DEFINED = [name for names in DEFINED.values() for name in names]


def _slots_called(source: str) -> set[str]:
    """The functions of the context that C code calls, by HPy's names for them or directly."""
    include = upstream_sdist() / "hpy" / "devel" / "include" / "hpy" / "universal"
    called = set(re.findall(r"APPENDED\((\w+)\)", source))
    words = set(re.findall(r"\b_?HPy\w+", source))
    for header in include.glob("*trampolines.h"):
        pattern = r"(_?HPy\w+)\(HPyContext \*ctx[^{]*\{[^}]*?ctx->ctx_(\w+)"
        called |= {slot for name, slot in re.findall(pattern, header.read_text()) if name in words}
    return called


def test_the_list_was_read() -> None:
    assert len(LISTED) == len(set(LISTED)) == 189
    assert LISTED[0] == "Dup"


def test_every_function_of_the_list_is_defined_and_no_other() -> None:
    assert set(ALL_DEFINED) == set(LISTED)


def test_no_function_is_defined_twice() -> None:
    assert sorted({name for name in ALL_DEFINED if ALL_DEFINED.count(name) > 1}) == []


@pytest.mark.parametrize("topic", sorted(set(DEFINED) - TESTED_ELSEWHERE))
def test_every_function_is_called_by_the_tests_of_its_topic(topic: str) -> None:
    tests = importlib.import_module(f"tests.context.test_{topic}")

    called = _slots_called(tests.SOURCE)

    assert [name for name in DEFINED[topic] if name not in called] == []
