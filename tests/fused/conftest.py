"""conftest.py: the extension of calls.c, compiled once."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.testing import compile_snippet


@pytest.fixture(scope="session")
def calls_file() -> Path:
    source = Path(__file__).with_name("calls.c").read_text(encoding="utf-8")
    return compile_snippet("fused_calls", source)


@pytest.fixture
def c(calls_file: Path) -> ModuleType:
    return hpystate.load("fused_calls", str(calls_file))
