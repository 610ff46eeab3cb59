"""test_pyglobal.py: what `make bench-pyglobal` measures is right, and meets its bars by
instructions."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.limits import limits

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import build_peers  # noqa: E402
import plot  # noqa: E402
import run_pyglobal  # noqa: E402
from found import Found, judge  # noqa: E402
from pyglobal_headers import HEADERS  # noqa: E402
from pyglobal_rows import BACK_ENDS, DIGITS, LOADS, PI, PYGLOBAL, STATIC  # noqa: E402
from rows import Row  # noqa: E402

from tests.bench import decimals  # noqa: E402

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def given() -> dict[str, Any]:
    """What decimals.py found of each back end."""
    folder = build_peers.build_pyglobal()
    run = limits.run([sys.executable, decimals.__file__, str(folder)], 240)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("side", BACK_ENDS)
def test_the_decimal_type_gives_what_decimal_gives(given: dict[str, Any], side: str) -> None:
    assert given[side]["differences"] == []


@pytest.mark.parametrize("side", BACK_ENDS)
def test_all_but_statics_work_in_another_interpreter(given: dict[str, Any], side: str) -> None:
    text = given[side]["elsewhere"]
    if side == STATIC:
        assert "does not support loading in subinterpreters" in text
    else:
        value, _, its_type = text.partition(" by ")
        assert value == "3.1415926535897932385"
        assert int(its_type) != given[side]["here"]


@pytest.mark.parametrize("row", PYGLOBAL, ids=lambda row: f"{row.group}, {row.title}")
def test_every_bar_is_about_sides_of_its_row(row: Row) -> None:
    for bar in row.bars:
        assert {bar.side, bar.of} <= {None, *row.sides}
        assert bar.limit > 0


def test_bars_of_more_are_differences() -> None:
    instructions = {side: 100.0 + 6 * i for i, side in enumerate(LOADS.sides)}
    seconds = {side: [1e-9 * (i + 1)] * 4 for i, side in enumerate(LOADS.sides)}
    verdicts = {(v.bar.measure, v.bar.side): v for v in judge(Found(LOADS, instructions, seconds))}

    assert verdicts["instructions", "the thread's state alone"].value == -18.0
    # One place before the static: 1 ns less.
    assert verdicts["time", STATIC].value == pytest.approx(-1.0)
    assert "ns more: -1.00" in str(verdicts["time", STATIC])


def test_a_measure_that_was_not_wanted_has_no_bars() -> None:
    found = Found(PI[0], {side: 1.0 for side in PI[0].sides}, {})

    assert [verdict.bar.measure for verdict in judge(found)] == ["instructions"]
    assert len(PI) == len(DIGITS)


def test_every_side_has_a_colour() -> None:
    assert {side for row in PYGLOBAL for side in row.sides} <= set(plot.COLOURS)


def test_a_folder_that_is_missing_is_reported_before_anything_is_measured() -> None:
    command = [sys.executable, run_pyglobal.__file__, "--results", "/not/there"]
    result = limits.run(command, 60)

    assert result.returncode == 2
    assert "--results: /not/there was expected to be a folder that exists" in result.stderr


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts the instructions")
def test_the_command_writes_its_numbers_and_the_bars_by_instructions_are_met(
    tmp_path: Path,
) -> None:
    command = [sys.executable, run_pyglobal.__file__, "--quick", "--only", "instructions"]
    result = limits.run([*command, "--bars", "--results", str(tmp_path)], 240)

    assert result.returncode == 0, result.stdout + result.stderr
    assert "all 5 bars are met" in result.stdout
    document = json.loads(next(tmp_path.glob("pyglobal-*.json")).read_text())
    assert document["setting"]["CPython"] == sys.version.split()[0]
    assert [row["title"] for row in document["rows"]] == [row.title for row in PYGLOBAL]
    for row, measured in zip(PYGLOBAL, document["rows"], strict=True):
        assert list(measured["sides"]) == list(row.sides)
        assert all(side["instructions"] > 0 for side in measured["sides"].values())


def test_headers_and_code_are_measured() -> None:
    headers = {each["title"]: each for each in run_pyglobal.measure_headers(1, HEADERS[:2])}
    code = run_pyglobal.measure_code(build_peers.build_pyglobal())

    assert headers["C, Python.h"]["time_ratio"] == 1.0
    assert headers["C, hpystate/global.h"]["lines"] > headers["C, Python.h"]["lines"]
    assert set(code) == set(BACK_ENDS)
    assert all(size > 10_000 for size in code.values())
