"""test_wheels.py: what `make wheels` chooses and how it judges, without a chroot."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"


@pytest.fixture
def wheels(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(TOOLS))
    import wheels as module

    yield module
    for name in ("wheels", "trials", "machines"):
        sys.modules.pop(name, None)


def test_a_row_that_there_is_not_is_an_error_that_names_those_there_are() -> None:
    command = [sys.executable, str(TOOLS / "wheels.py"), "--only", "2.7"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert result.returncode == 2
    assert "--only 2.7" in result.stderr and "sdist" in result.stderr


def test_each_python_has_a_row_and_the_source_distribution_one(wheels: ModuleType) -> None:
    found = {"3.13": "/b", "3.12": "/a"}
    rows = wheels.chosen([], found)
    assert [(row.name, row.python) for row in rows] == [
        ("3.12", "/a"),
        ("3.13", "/b"),
        ("sdist", "/a"),
    ]
    assert [row.name for row in wheels.chosen(["3.13"], found)] == ["3.13"]
    with pytest.raises(ValueError, match="no CPython of 3.12"):
        wheels.chosen([], {})


def test_every_version_of_the_wheels_with_a_gil_has_a_system(wheels: ModuleType) -> None:
    part = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
    built = {f"3.{each[3:5]}" for each in part["build"] if "t-" not in each}
    assert built == set(wheels.SYSTEM_OF)
    assert set(wheels.SYSTEM_OF.values()) <= set(wheels.SYSTEMS)


def test_the_table_of_support_says_for_which_pythons_wheels_are_built() -> None:
    """docs/install.md beside cibuildwheel's part of pyproject.toml and the classifiers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    built = {f"3.{each[3:].partition('-')[0]}" for each in project["tool"]["cibuildwheel"]["build"]}
    rows = re.findall(
        r"^\| CPython ([^|]*) \| ([^|]*) \| ([^|]*) \|",
        (ROOT / "docs" / "install.md").read_text(),
        re.MULTILINE,
    )
    wheel = {name: has for names, _, has in rows for name in names.split(", ")}
    assert {name for name, has in wheel.items() if has == "yes"} == built
    named = {each.rpartition(" ")[2] for each in project["project"]["classifiers"]}
    for names, until, _ in rows:
        for name in names.split(", "):
            assert name.endswith("t") or (name in named and until.startswith("until October "))


def test_the_test_command_is_isolation_in_eight_interpreters(wheels: ModuleType) -> None:
    extras, command = wheels.test_part()
    assert extras == "demo" and "--interpreters 8" in command


@pytest.mark.parametrize(
    ("seconds", "load", "problems", "notes"),
    [(119, 0.1, 0, 0), (121, 0.1, 1, 0), (121, 7, 0, 1), (20, 7, 0, 0)],
)
def test_a_slow_install_is_a_problem_where_nothing_else_ran(
    wheels: ModuleType, seconds: float, load: float, problems: int, notes: int
) -> None:
    row = wheels.Row("sdist", "/a")
    wheels.judge_install(row, wheels.Result(0, b"", seconds, seconds, 0), load)

    assert (len(row.problems), len(row.notes)) == (problems, notes)
    assert ("120 were expected" in row.cells()[-1]) == bool(problems or notes)


def test_a_step_that_fails_is_named_in_the_table(wheels: ModuleType, tmp_path: Path) -> None:
    row = wheels.Row("3.12", "/a")
    trial = wheels.Trial(row, tmp_path / "log")

    assert trial.step("a step", ["sh", "-c", "echo said; exit 3"]) is None
    assert row.cells()[-1] == "a step: ended with status 3"
    assert (tmp_path / "log").read_text() == "said\n"
