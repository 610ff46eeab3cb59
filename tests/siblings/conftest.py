"""conftest.py: the two extensions that call each other, compiled once; loaded in given modes."""

from __future__ import annotations

import functools
import hashlib
import itertools
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.build import compile_extension, include_folder
from tests.upstream.old import DEBUG_INFO, compile_old

HERE = Path(__file__).parent
Files = tuple[Path, Path]
NAMES = {
    "universal": "HPy Universal ABI (CPython backend, hpystate)",
    "debug": "HPy Debug Mode ABI (hpystate)",
    "trace": "HPy Trace Mode ABI (hpystate)",
}
#: Compiled files are kept under a hash of their sources and flags: the headers here are a flag.
CONTENT = hashlib.sha256(b"".join(each.read_bytes() for each in sorted(HERE.glob("*.h"))))
INCLUDED = f"-DINCLUDED_{CONTENT.hexdigest()[:16]}"
#: The lender's version and the borrower's, of which at least one is 0.0.4.
VERSIONS = (("0.9", "0.0.4"), ("0.0.4", "0.9"), ("0.0.4", "0.0.4"))
FilesOf = Callable[[str, str], Files]
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
PAIRS = list(itertools.product(MODES, MODES))


def compile_pair(folder: Path, name: str, *flags: str) -> Path:
    return compile_extension(name, [HERE / f"{name}.c"], folder, flags=(INCLUDED, *flags))


def compile_for_0_0_4(folder: Path, name: str, *flags: str, source: Path | None = None) -> Path:
    """With the headers of HPy 0.0.4, which come before ours."""
    ours = [INCLUDED, "-idirafter", str(include_folder()), f"-I{HERE}"]
    common = [DEBUG_INFO, "-O2", "-fvisibility=hidden", *ours]
    return compile_old(name, [source or HERE / f"{name}.c"], folder, flags=[*common, *flags])


def compile_with_later_header(folder: Path, name: str) -> Path:
    return compile_pair(folder, name, "-DLATER_HEADER")


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("siblings")
    return compile_pair(folder, "lender"), compile_pair(folder, "borrower")


@pytest.fixture(scope="session")
def files_of(tmp_path_factory: pytest.TempPathFactory) -> FilesOf:
    """Lender and borrower, compiled for the two versions that are named. Each pair has files of its
    own, since a borrower's file knows one lender."""

    @functools.cache
    def files_of_(lender: str, borrower: str) -> Files:
        folder = tmp_path_factory.mktemp("siblings")
        made = [
            (compile_for_0_0_4 if version == "0.0.4" else compile_pair)(folder, name)
            for name, version in (("lender", lender), ("borrower", borrower))
        ]
        return made[0], made[1]

    return files_of_


@pytest.fixture(scope="session")
def another_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A borrower whose calls go as if it was compiled for another version than the lender."""
    return compile_pair(tmp_path_factory.mktemp("siblings"), "borrower", "-DAS_ANOTHER_VERSION")


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
