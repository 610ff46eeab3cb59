"""test_matrix.py: what a row of the matrix runs is told by the row, not by the caller's make."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "matrix.py"


@pytest.fixture(scope="module")
def matrix() -> ModuleType:
    spec = importlib.util.spec_from_file_location("matrix", TOOL)
    assert spec is not None and spec.loader is not None
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ARGS", "T", "MAKEFLAGS", "PYTHONPATH", "CC"])
def test_a_row_is_not_told_what_the_caller_was_told(
    matrix: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setenv(name, "the caller's")

    assert matrix.run(["sh", "-c", f'test -z "${name}"'], tmp_path / "log", {})


def test_a_row_is_told_its_own(matrix: ModuleType, tmp_path: Path) -> None:
    told = ["sh", "-c", 'test "$PYTHON" = its-own']

    assert matrix.run(told, tmp_path / "log", {"PYTHON": "its-own"})
    assert not matrix.run(told, tmp_path / "log", {"PYTHON": "another"})
