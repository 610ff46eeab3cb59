"""test_trials.py: commands that `make fresh` and `make wheels` watch, and how rows are told."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(TOOLS))
    import trials as module

    yield module
    for name in ("trials", "machines"):
        sys.modules.pop(name, None)


def test_silence_control_characters_and_a_failure_are_problems(
    trials: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "LONGEST_SILENCE", 0.5)
    script = "printf '\\033[1mbold\\n'; sleep 1; exit 3"
    result = trials.watch(["sh", "-c", script], tmp_path / "log")

    status, silence, control = result.problems()
    assert status == "ended with status 3"
    assert silence.startswith("silent for ")
    assert "x1b" in control
    assert result.problems(ours=False) == ["ended with status 3"]
    assert trials.watch(["echo", "well"], tmp_path / "log").problems() == []


def test_a_command_is_ended_when_its_time_is_over(trials: ModuleType, tmp_path: Path) -> None:
    begin = time.monotonic()
    result = trials.watch(["sleep", "60"], tmp_path / "log", deadline=begin + 0.5)

    assert result.late
    assert time.monotonic() - begin < 30
    assert not trials.watch(["true"], tmp_path / "log", deadline=time.monotonic() + 60).late


@dataclass
class Row:
    name: str
    problems: list[str] = field(default_factory=list)

    def cells(self) -> tuple[str, ...]:
        return (self.name, "; ".join(self.problems) or "ok")


def test_a_machine_that_cannot_be_made_is_a_problem_of_its_row_alone(
    trials: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(trials, "ROOT", tmp_path)
    monkeypatch.setattr(trials, "can_make_machines", lambda tool: True)
    monkeypatch.setenv("HPYSTATE_FRESH", str(tmp_path / "bases"))
    rows = [Row("a:root"), Row("b:root")]

    def attempt(row: Row, workshop: object, log: Path) -> None:
        log.write_text("the last line of the log\n")
        if row.name == "a:root":
            raise trials.MachineError("no mirror\nall of what apt printed")

    logs = trials.attempt_all("fresh", rows, attempt)

    assert logs == tmp_path / "build" / "fresh"
    assert sorted(log.name for log in logs.iterdir()) == ["a-root.log", "b-root.log"]
    assert [row.problems for row in rows] == [["no mirror"], []]
    out, err = capsys.readouterr()
    assert "all of what apt printed" in err
    assert out.count("the last line of the log") == 1
    trials.print_table(("system", "verdict"), rows)
    assert capsys.readouterr().out.splitlines() == [
        "system  verdict",
        "a:root  no mirror",
        "b:root  ok",
    ]


def test_without_chroots_nothing_is_attempted(
    trials: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trials, "can_make_machines", lambda tool: False)

    assert trials.attempt_all("fresh", [Row("a")], pytest.fail) is None
