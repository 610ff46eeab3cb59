"""test_results.py: what `make bench` prints at its end, and where its plot puts the rows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import plot  # noqa: E402
import run  # noqa: E402
from found import Found, Verdict, exit_status, summary  # noqa: E402
from rich.progress import Progress  # noqa: E402
from rows import PROGRAMS, ROWS, Bar, Row  # noqa: E402

ROW = Row("programs", "a program", {"fused": "", "C API": ""})
MET = Verdict(ROW, Bar("time", "C API", 1.2), 1.1)
MISSED = Verdict(ROW, Bar("time", "C API", 1.2), 1.3)


def test_a_missed_bar_is_reported_and_is_not_an_error() -> None:
    text = summary([MET, MISSED])

    assert text.startswith("1 of 2 bars are missed:\n")
    assert "fused against C API, time: 1.30; bar 1.2: MISSED" in text
    assert exit_status([MET, MISSED], strict=False) == 0


def test_a_missed_bar_is_an_error_where_bars_are_asked_for() -> None:
    assert exit_status([MET, MISSED], strict=True) == 1
    assert exit_status([MET], strict=True) == 0
    assert summary([MET]) == "all 1 bars are met"


@pytest.mark.parametrize("option", ["--json", "--plot"])
def test_a_file_that_cannot_be_written_is_said_before_anything_is_measured(option: str) -> None:
    command = [sys.executable, str(BENCH / "run.py"), option, "/not/there/x"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 2, result.stderr
    assert f"{option}: /not/there/x cannot be written: No such file" in result.stderr
    assert result.stdout == ""


def test_a_plot_is_made_where_one_is_wanted(tmp_path: Path) -> None:
    assert run.parse([]).plot is None
    assert run.parse(["--plot", str(tmp_path / "times.png")]).plot == tmp_path / "times.png"


def found() -> list[Found]:
    """As a run finds it: each side takes a tenth more instructions than the one before it."""
    results = []
    for row in ROWS + PROGRAMS:
        instructions = {side: 100.0 + 10.0 * i for i, side in enumerate(row.sides)}
        times = {side: [1.0, 1.1, 1.2] for side in row.sides}
        results.append(Found(row, instructions, times))
    return results


def test_every_side_has_a_colour_of_its_own() -> None:
    sides = {side for row in ROWS + PROGRAMS for side in row.sides}

    assert sides <= set(plot.COLOURS)
    assert len({plot.COLOURS[side] for side in sides} | {plot.OTHER}) == len(sides) + 1


def test_programs_are_drawn_by_time_and_by_instructions() -> None:
    panels = plot.grouped(found())

    assert [panel.measure for panel in panels if panel.group == "programs"] == [
        "time",
        "instructions",
    ]
    program = panels[plot.Panel("programs", "instructions")][0]
    assert len(panels[plot.Panel("programs", "instructions")]) == len(PROGRAMS)
    assert plot.ratio_of(program, "fused", "instructions").median == 100.0 / 170.0
    assert plot.ratio_of(program, "fused", "time").median == 1.0


def test_every_group_is_drawn_once_in_a_picture_that_fits_a_screen() -> None:
    groups = plot.grouped(found())
    columns = plot.columns(groups)

    assert sorted(name for column in columns for name in column) == sorted(groups)
    highest = max(sum(plot.height(groups[name]) for name in column) for column in columns)
    assert 0.5 < highest / plot.WIDTH < 1.2


def test_the_title_says_which_python_which_machine_and_when() -> None:
    title = plot.title()

    assert f"CPython {sys.version.split()[0]}" in title
    assert "CPU" in title
    assert title[-10:-6].isdigit()


WORDY = """
import json, sys
for i in range(1000):
    print(i, file=sys.stderr, flush=True)
row = {"group": "calls", "seconds": {"ours": [0.1] * 100}}
json.dump([row | {"title": str(i)} for i in range(1000)], sys.stdout)
"""


def test_times_are_read_while_the_worker_writes_more_than_a_pipe_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker = tmp_path / "worker.py"
    worker.write_text(WORDY)
    monkeypatch.setattr(run, "WORKER", worker)

    with Progress(disable=True) as progress:
        timed = run.measure_times(tmp_path, None, 1, 0.1, progress)

    assert len(timed) == 1000
