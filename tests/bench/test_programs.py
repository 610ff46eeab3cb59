"""test_programs.py: all builds of a program of `make bench` do the same, also where they raise."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.limits import limits

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import build_peers  # noqa: E402
import columns  # noqa: E402
from found import Found  # noqa: E402
from recipes import RECIPES  # noqa: E402
from rich.console import Console  # noqa: E402
from rows import PROGRAMS  # noqa: E402

from tests.bench import answers  # noqa: E402

BUILDS = ("fused", "unfused", "abi_fused", "abi")
UPSTREAM = ("upstream_fused", "upstream", "upstream_abi")


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("programs")
    build_peers.build_programs(folder)
    packages = build_peers.upstream_packages()
    command = [sys.executable, answers.__file__, str(folder), str(packages or "-")]
    run = limits.run(command, 240)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def builds() -> list[str]:
    return [*BUILDS, *(UPSTREAM if build_peers.has_upstream() else ())]


def test_every_program_has_a_recipe_a_row_and_cases() -> None:
    rows = {side.rpartition("_c")[0] for row in PROGRAMS for side in row.sides.values()} - {""}

    assert {name for name in rows if name in RECIPES} == set(RECIPES) == set(answers.CASES)
    assert len(PROGRAMS) == len(RECIPES)


@pytest.mark.long
@pytest.mark.parametrize("build", builds())
@pytest.mark.parametrize("name", RECIPES)
def test_a_build_gives_what_the_c_api_gives(given: dict[str, Any], name: str, build: str) -> None:
    of_c, found = given[name]["c"], given[name][build]
    cases = ["the recipe", *answers.CASES[name]]

    different = {
        case: (theirs, ours)
        for case, theirs, ours in zip(cases, of_c, found, strict=True)
        if theirs != ours
    }
    assert different == {}


@pytest.mark.long
@pytest.mark.parametrize("kind", ["fused", "plain"])
@pytest.mark.parametrize("name", RECIPES)
def test_a_program_leaves_no_handle_open(given: dict[str, Any], name: str, kind: str) -> None:
    assert given[name][f"leaks, {kind}"] == ""


def test_the_columns_hold_each_build_against_the_c_api() -> None:
    row = PROGRAMS[0]
    sides = {side: number for number, side in enumerate(row.sides, 1)}
    last = len(sides)
    times = {side: [float(number)] * 4 for side, number in sides.items()}
    found = Found(row, {side: number * 100.0 for side, number in sides.items()}, times)
    console = Console(width=200, file=io.StringIO())

    console.print(columns.table([found]))
    text = console.file.getvalue()

    assert set(columns.COLUMNS.values()) | {"C API"} == set(row.sides)
    assert f"1 ({last * 100})" in text
    assert text.count(f"{sides['fused'] / last:.2f}") == 2  # instructions and time
