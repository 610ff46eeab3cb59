"""conftest.py: the two extensions that call each other, compiled once; loaded in given modes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.build import compile_extension, make_cache_folder

HERE = Path(__file__).parent
Files = tuple[Path, Path]
Load = Callable[..., tuple[ModuleType, ModuleType]]

EXPECTED = [
    ("nothing kept", "(1, 2, None)"),
    ("pair", "('left', value, value)"),
    ("the same objects", "True"),
    ("the lender has it", "True"),
    ("call", "[]"),
    ("call raises", "LookupError: called"),
    ("wrap", "True"),
    ("type of it", "'Holder'"),
    ("unwrap", "True"),
    ("unwrap another", "TypeError: a Holder was expected"),
    ("twice", "42"),
    ("own version", "True"),
]
MODES = ("universal", "debug", "trace")


def compile_pair(folder: Path, name: str, *flags: str) -> Path:
    return compile_extension(name, [HERE / f"{name}.c"], folder, flags=flags)


def compile_with_later_header(folder: Path, name: str) -> Path:
    return compile_pair(folder, name, "-DLATER_HEADER")


@pytest.fixture(scope="session")
def files() -> Files:
    folder = make_cache_folder("snippets", "siblings")
    return compile_pair(folder, "lender"), compile_pair(folder, "borrower")


@pytest.fixture(scope="session")
def another_version() -> Path:
    """A borrower whose calls go as if it was compiled for another version than the lender."""
    folder = make_cache_folder("snippets", "siblings-far")
    return compile_pair(folder, "borrower", "-DAS_ANOTHER_VERSION")


@pytest.fixture
def load(files: Files) -> Iterator[Load]:
    """Loads the lender, then the borrower, which imports it."""

    def load_(
        lender_mode: str, borrower_mode: str, files: Files = files
    ) -> tuple[ModuleType, ModuleType]:
        sys.modules["lender"] = lender = hpystate.load("lender", files[0], mode=lender_mode)
        return lender, hpystate.load("borrower", files[1], mode=borrower_mode)

    yield load_
    sys.modules.pop("lender", None)
