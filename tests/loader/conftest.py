"""conftest.py: mock libraries, and what holds after every failure."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpystate import _native
from hpystate.testing import compile_snippet
from tests.loader.mock import KEEPER, STRUCTS, Library, good_answer


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Compiles C text to a file of the given name."""

    def compile_(source: str, file: str = "mock.hpy0.so", major: int = 0, minor: int = 0) -> Path:
        text = tmp_path / "mock.c"
        text.write_text(STRUCTS + source)
        target = tmp_path / file
        flags = [f"-DMAJOR={major}", f"-DMINOR={minor}", "-shared", "-fPIC"]
        subprocess.run(["cc", *flags, "-o", target, text], check=True)
        return target

    return compile_


@pytest.fixture
def nothing_is_lost_or_half_registered() -> Iterator[None]:
    """After a test the interpreter's state is the state before it, and a good module works."""
    assert good_answer() == 42
    before = _native.state()
    yield
    after = _native.state()
    for key in ("values", "slots", "generation"):
        assert after[key] == before[key]
    assert good_answer() == 42


@pytest.fixture
def keeper() -> Path:
    return compile_snippet("keeper", KEEPER)
