"""test_demo.py: the main job, short, as a user runs it; and that it notices what is wrong."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.demo.workers import CLIENTS, Tally, Worker


def demo(*arguments: str, timeout: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hpystate", "demo", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.mark.slow
def test_the_demo_finds_interpreters_isolated(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    result = demo("--interpreters", "3", "--seconds", "0.3", "--json", str(file))

    assert result.returncode == 0, result.stderr
    assert result.stdout.rstrip().endswith("isolation: ok")
    found = json.loads(file.read_text())
    assert (found["isolation"], found["problems"]) == ("ok", [])
    assert len(found["interpreters"]) == 4
    for row in found["interpreters"]:
        assert row["loads"] > 0
        assert row["wrong"] == 0
        assert set(row["globals_before"].values()) == {"nothing"}
    for row in found["interpreters"][1:]:
        assert row["objects_created"] == row["objects_released"] > 0


def worker(**changes: object) -> Worker:
    """A worker that saw nothing wrong, but for the changes."""
    made = Worker("own-GIL 1", place=None, id=1, nonce=2)  # type: ignore[arg-type]
    tag = f"{1 << 32 | 2:016x}"
    after = dict.fromkeys(("Place_type", "AtlasError", "to_yiq", "counter"), "something")
    after |= {"home_key": tag, "cache": tag}
    made.started = {
        "before": dict.fromkeys(after, "nothing"),
        "after": after,
        "clients": CLIENTS,
        "type_address": 1,
    }
    made.objects = (5, 5)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def problems(*workers: Worker) -> list[str]:
    from hpystate.demo.isolation import _problems

    return _problems(list(workers))


def test_a_worker_that_saw_nothing_wrong_is_no_problem() -> None:
    assert problems(worker()) == []


def test_wrong_loads_are_a_problem() -> None:
    assert "7 loads" in problems(worker(total=Tally(wrong=7)))[0]


def test_objects_that_were_not_released_are_a_problem() -> None:
    assert "4 of 5 objects" in problems(worker(objects=(5, 4)))[0]


def test_values_of_another_interpreter_are_a_problem() -> None:
    assert "its globals hold" in problems(worker(nonce=3))[0]


def test_a_shared_type_is_a_problem() -> None:
    assert "share the type" in problems(worker(), worker())[0]


@pytest.mark.parametrize(
    "arguments", [("--interpreters", "0"), ("--seconds", "-1"), ("--runtime", "other")]
)
def test_bad_arguments_are_said(arguments: tuple[str, str]) -> None:
    result = demo(*arguments)

    assert result.returncode == 2
    assert arguments[0] in result.stderr


def test_the_command_line_says_that_nothing_of_the_abi_is_missing() -> None:
    command = [sys.executable, "-m", "hpystate", "abi", "--missing"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert result.stdout == ""
