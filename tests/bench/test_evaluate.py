"""test_evaluate.py: `make evaluate` runs its steps, names what failed, and makes the tables."""

from __future__ import annotations

import json
import mmap
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "bench"), str(ROOT / "tools")]
import evaluate  # noqa: E402
import evaluate_tables  # noqa: E402
import memory  # noqa: E402
import smaps  # noqa: E402
from rows import COLUMNS, PROGRAMS, C  # noqa: E402


def curve(each: int, counts: range) -> list[dict[str, int]]:
    return [
        {"interpreters": n, "pss": 6_000 + each * n, "private": 5_000 + each * n} for n in counts
    ]


def ways(**more: int) -> dict[str, Any]:
    """As memory.measure() gives it: each way leaves 10 KiB an interpreter, or as in `more`."""
    counts = range(0, 1001, 100)
    made = {}
    for name in memory.WAYS:
        each = more.get(name.replace(" ", "_").replace(",", ""), 10)
        made[name] = {"curve": curve(each, counts), "KiB_each": float(each)}
    return {"python": "3.12.1", "interpreters": 1000, "uses": 1000, "ways": made}


def bench() -> dict[str, Any]:
    sides = {side: 110.0 for side in COLUMNS.values()} | {C: 100.0}
    ratio = {side: {"median": 1.25, "low": 1.2, "high": 1.3} for side in sides}
    rows = [
        {"group": "programs", "title": row.title, "instructions": sides, "time_ratio": ratio}
        for row in PROGRAMS
    ]
    call = {"group": "calls from C", "title": "NOARGS", "instructions": {"ours": 40.0}}
    rows.append(call | {"time_ratio": {}})
    bars = [{"text": "one: 3; bar 2: MISSED", "met": False}, {"text": "two: met", "met": True}]
    return {"python": "3.12.1", "rows": rows, "bars": bars}


def isolation() -> dict[str, Any]:
    one = {"loads": 1000, "wrong": 0, "objects_created": 5, "objects_released": 4}
    interpreters = [one | {"id": 0}, one | {"id": 1, "objects_released": 5}]
    return {
        "runtime": "hpystate",
        "isolation": "ok",
        "speed_up": {"interpreters": 1.9},
        "interpreters": interpreters,
    }


# ---- steps ---------------------------------------------------------------------------------------


def step(name: str, found: object, status: int = 0) -> evaluate.Step:
    """One that writes `found`, or nothing for None, and ends."""
    code = (
        "import sys, pathlib\n"
        f"text = {json.dumps(found) if found is not None else ''!r}\n"
        "if text: pathlib.Path(sys.argv[sys.argv.index('--json') + 1]).write_text(text)\n"
        "print('quick' if '--quick' in sys.argv else 'whole')\n"
        f"sys.exit({status})\n"
    )
    return evaluate.Step(name, f"the step {name}", ("-c", code), ("--quick",))


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Any:
    """main() with these steps, in a folder of its own: its exit status and what it printed."""
    monkeypatch.setattr(evaluate, "setting_here", lambda: {"CPython": "3.12.1"})
    monkeypatch.setattr(evaluate, "has_upstream", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")

    def main(steps: list[evaluate.Step], *options: str) -> tuple[int, str]:
        monkeypatch.setattr(evaluate, "STEPS", steps)
        monkeypatch.setattr(sys, "argv", ["evaluate", "--out", str(tmp_path / "out"), *options])
        return evaluate.main(), capfd.readouterr().out

    return main


def test_a_missed_bar_is_named_and_is_not_an_error(run: Any, tmp_path: Path) -> None:
    status, text = run([step("isolation", isolation()), step("bench", bench())], "--quick")

    assert status == 0, text
    assert "one: 3; bar 2: MISSED" in text and "two: met" not in text
    assert text.count("\nquick\n") == 2
    document = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert document["setting"]["run"] == {"isolation": "quick", "bench": "quick"}
    page = (tmp_path / "out" / "evaluate.md").read_text()
    assert "| 3.12.1 | hpystate | 2 | 2,000 | 0 | 5 of 5 | ok | 1.90 |" in page
    assert "| 3.12.1 | quick: isolation, bench |" in page


@pytest.mark.parametrize("status", [1, 2])
def test_a_step_that_fails_is_named_and_the_others_run(
    run: Any, tmp_path: Path, status: int
) -> None:
    found, text = run([step("isolation", isolation(), status), step("bench", bench())])

    assert found == 1
    assert f"the step isolation: FAILED, exit status {status}. To repeat it: python -c" in text
    assert "the step bench: measured in" in text
    document = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert "isolation" not in document and "bench" in document


def test_a_step_that_writes_no_numbers_has_failed(run: Any, tmp_path: Path) -> None:
    """Also where an earlier run left some."""
    assert run([step("bench", bench())])[0] == 0
    status, text = run([step("bench", None)])

    assert status == 1
    assert "the step bench: FAILED, it wrote no numbers" in text


def test_only_what_is_missing_is_measured_again(run: Any, tmp_path: Path) -> None:
    run([step("isolation", isolation()), step("bench", bench(), 1)], "--quick")
    again = [step("isolation", None), step("bench", bench())]
    status, text = run(again, "--keep")

    assert status == 0, text
    assert "the step isolation: kept (quick run)" in text
    document = json.loads((tmp_path / "out" / "evaluate.json").read_text())
    assert document["setting"]["run"] == {"isolation": "quick", "bench": "whole"}


def test_another_setting_keeps_nothing(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    run([step("bench", bench())])
    monkeypatch.setattr(evaluate, "setting_here", lambda: {"CPython": "3.13.0"})

    assert run([step("bench", None)], "--keep")[0] == 1


@pytest.mark.parametrize("status", [0, 1])
def test_the_documents_are_written_where_nothing_failed(
    run: Any, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    written = []
    monkeypatch.setattr(evaluate, "write_documents", lambda document, out: written.append(document))
    found, text = run([step("bench", bench(), status)], "--write")

    assert found == status
    assert len(written) == (status == 0)
    assert ("nothing was written into docs/: a step failed" in text) == (status == 1)


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["--write", "--only", "memory"], "--write: the documents show all steps; use --keep"),
        (["--only", "nothing"], "invalid choice: 'nothing'"),
        (["--out", "/proc/nowhere"], "--out /proc/nowhere: a folder was expected"),
    ],
)
def test_a_wrong_command_line_is_one_line(
    options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        evaluate.parse(options)
    assert ended.value.code == 2
    assert text in capsys.readouterr().err.splitlines()[-1]


# ---- tables --------------------------------------------------------------------------------------


def test_the_tables_hold_what_was_measured() -> None:
    found = ways(hpystate_HPy=2_000)
    found["bars"] = memory.judge(found)
    setting = {"CPython": "3.12.1", "run": {"memory": "whole"}}
    document = {"setting": setting, "memory": found, "bench": bench()}
    page = evaluate_tables.as_page(document)

    sizes = " | ".join(f"{(6_000 + 10 * n) / 1024:,.1f}" for n in (0, 100, 200, 500, 1000))
    assert f"| 3.12.1 | no extension | {sizes} | 14.6 | 10 |" in page
    title = PROGRAMS[0].title
    assert f"| 3.12.1 | {title} | instructions | 1 (100) |{' 1.10 |' * len(COLUMNS)}" in page
    assert f"| 3.12.1 | {title} | time | 1 |{' 1.25 |' * len(COLUMNS)}" in page
    assert "| 3.12.1 | calls from C | NOARGS | ours 40 |" in page
    assert "| 3.12.1 | whole |" in page
    assert "| 3.12.1 | bench | 1 of 2 | one: 3; bar 2: MISSED |" in page
    assert "| 3.12.1 | memory | 2 of 4 | " in page


def test_what_was_not_measured_has_no_rows() -> None:
    documents = [{"setting": {"CPython": "3.14.0", "run": {}}}]
    for name, table in evaluate_tables.EVALUATE_TABLES.items():
        assert table(documents).count("\n") == (3 if name == "settings" else 2), name


# ---- memory --------------------------------------------------------------------------------------


def test_a_bar_of_memory_is_about_ours_and_more_than_noise() -> None:
    assert [bar["met"] for bar in memory.judge(ways())] == [True] * 4
    judged = memory.judge(ways(hpystate_global=10 + memory.SLACK + 1))
    assert [bar["met"] for bar in judged] == [True, False, True, False]
    assert judged[1]["text"].endswith("33 KiB; bar 32: MISSED")


def test_the_memory_of_this_process_is_what_the_kernel_says() -> None:
    with mmap.mmap(-1, 64 << 20, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as held:
        before = smaps.private("self")
        for page in range(0, len(held), mmap.PAGESIZE):
            held[page] = 1
        grown = smaps.private("self") - before

    assert 60 << 10 < grown < 70 << 10
    assert smaps.pss("self") > 0
    with pytest.raises(OSError, match="smaps_rollup"):
        smaps.pss(0)


@pytest.mark.long
@pytest.mark.parametrize("way", memory.WAYS)
def test_each_way_works_in_interpreters_one_after_the_other(way: str) -> None:
    told: list[int] = []
    found = memory.measure_way(way, memory.build_memory(), 4, 2, told.append)

    assert [each["interpreters"] for each in found] == told == [0, 2, 4]
    assert all(each["pss"] > each["private"] > 1000 for each in found)


def test_a_way_that_fails_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bad = memory.Way("raise ValueError('so')", "#000000")
    monkeypatch.setitem(memory.WAYS, memory.NONE, bad)
    with pytest.raises(memory.MeasureError, match=r"(?s)no extension: exit status 1, after 0 .*so"):
        memory.measure_way(memory.NONE, tmp_path, 4, 2, lambda done: None)


def test_the_curves_are_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="make bench installs it")
    memory.draw(ways(), tmp_path / "curves.svg")
    text = (tmp_path / "curves.svg").read_text()

    for name in memory.WAYS:
        assert f"{name} (10 KiB each)" in text
    assert len(text) < 100_000
