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


class OneInterpreter:
    """Has 3.14 and nothing else."""

    def __init__(self, quick_only: bool, has_one: bool = True) -> None:
        self.quick_only = quick_only
        self.has_one = has_one

    def find(self, row: object, _: Path) -> tuple[str, str]:
        found = self.has_one and getattr(row, "python", "") == "3.14"
        return ("/python3.14", "") if found else ("", "no source on the mirror")


@pytest.fixture
def elsewhere(matrix: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What a row writes goes to a folder of the test's."""
    monkeypatch.setattr(matrix, "ROOT", tmp_path)


def without_gil(
    matrix: ModuleType, monkeypatch: pytest.MonkeyPatch, interpreters: OneInterpreter, passes: bool
) -> tuple[object, list[str]]:
    """The row 3.14t, and what was run for it with which interpreter."""
    ran = []

    def run(command: list[str], _: Path, environment: dict[str, str]) -> bool:
        ran.append(" ".join(command) + " " + environment["PYTHON"])
        return passes

    monkeypatch.setattr(matrix, "run", run)
    return matrix.attempt(matrix.Row("3.14t"), interpreters), ran


@pytest.mark.usefixtures("elsewhere")
def test_where_no_build_without_the_gil_is_to_be_had_the_runtime_is_compiled(
    matrix: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome, ran = without_gil(matrix, monkeypatch, OneInterpreter(False), passes=True)

    assert ran == ["make check-without-gil /python3.14"]
    assert not outcome.failed
    assert (outcome.build, outcome.left_out) == ("compiles", "no source on the mirror")


@pytest.mark.usefixtures("elsewhere")
def test_what_does_not_compile_fails(matrix: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome, _ = without_gil(matrix, monkeypatch, OneInterpreter(False), passes=False)

    assert outcome.failed and not outcome.left_out
    assert "does not compile" in outcome.build


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize("quick_only", [False, True])
def test_with_no_headers_at_all_the_row_is_left_out_only_if_that_was_asked_for(
    matrix: ModuleType, monkeypatch: pytest.MonkeyPatch, quick_only: bool
) -> None:
    interpreters = OneInterpreter(quick_only, has_one=False)
    outcome, ran = without_gil(matrix, monkeypatch, interpreters, passes=True)

    assert ran == [] and outcome.failed
    assert bool(outcome.left_out) == quick_only


CTEST = """
100% tests passed, 0 tests failed out of 177
Total Test time (real) =  20.11 sec
[ 80s] pytest
3150 passed, 18 skipped in 250.01s (0:04:10)
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (CTEST, ("177 passed", "3150 passed, 18 skipped")),
        ("98% tests passed, 3 tests failed out of 177\n", ("174 passed, 3 failed", "-")),
        ("main     universal      291 passed, 1 skipped\n", ("-", "-")),
    ],
)
def test_the_numbers_of_a_row_are_those_of_ctest_and_pytest(
    matrix: ModuleType, tmp_path: Path, text: str, expected: tuple[str, str]
) -> None:
    log = tmp_path / "log"
    log.write_text(text)

    assert matrix.counts(log) == expected


def test_each_row_has_a_name_of_its_own(matrix: ModuleType) -> None:
    names = [row.name for row in matrix.ROWS]

    assert len(set(names)) == len(names)
    assert set(matrix.ALIASES.values()) <= set(names)
