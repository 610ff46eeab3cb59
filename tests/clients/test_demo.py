"""test_demo.py: the isolation demo, short, as a user runs it; and that it notices what is wrong."""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

import hpystate
from hpystate.demo.workers import CLIENTS, Tally, Worker


def demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hpystate", "demo", *arguments]
    return subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
        check=False,
    )


@pytest.mark.slow
def test_the_demo_finds_interpreters_isolated(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    arguments = ("--interpreters", "3", "--seconds", "0.3", "--json", str(file))
    result = demo(*arguments, COLUMNS="80")

    assert result.returncode == 0, result.stderr
    assert result.stdout.rstrip().endswith("isolation: ok")
    found = json.loads(file.read_text())
    assert (found["isolation"], found["problems"]) == ("ok", [])
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert "\N{HORIZONTAL ELLIPSIS}" not in result.stdout
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


#: As atlas.report() gives them; the interpreter is 1, its nonce 2.
REPORT = {
    "Place_type": "<class 'atlas.Place'>",
    "AtlasError": "<class 'atlas.AtlasError'>",
    "home_key": "'home of 0000000100000002'",
    "to_yiq": "<function rgb_to_yiq at 0x7f43814339c0>",
    "cache": "{'tag': 4294967298, "
    "'home of 0000000100000002': <atlas.Place object at 0x7f43814420c0>}",
    "counter": "<atlas.Counter object at 0x7f4381527e10>",
}


def shown(width: int, workers: list[Worker]) -> str:
    from hpystate.demo.isolation import contents, tables

    console = Console(width=width, file=io.StringIO(), color_system=None)
    for table in (contents(workers[:3]), *tables(workers, console)):
        console.print(table)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 120])
def test_no_number_or_heading_is_cut(width: int) -> None:
    one = worker(total=Tally(44_259_200, 0, 1), alone=1_412_000, together=1_099_333)
    one.objects = (12_043_203, 12_043_203)
    one.started["after"] = REPORT
    main = worker(name="main", id=0)
    main.started["after"] = REPORT
    text = shown(width, [main, one, one, one])

    lines = text.splitlines()
    assert max(map(len, lines)) <= width
    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    whole = ["44,259,200", "1,412,000", "1,099,333", "all 12,043,203", "still running"]
    whole += ["6 values of 1:00000002", "interpreter", "its globals hold", "loads", "wrong"]
    whole += ["objects released", "calls/s alone", "together", *REPORT]
    whole += ["atlas.AtlasError", "home of 1:00000002", "at 0x7f43814339c0", "{1:00000002: Place}"]
    for piece in whole:
        assert any(piece in line for line in lines), f"{piece}\n{text}"


def test_more_than_fits_goes_to_the_next_line() -> None:
    one = worker(total=Tally(44_259_200_000, 1_000_000, 1), alone=1_412_000, together=1_099_333)
    one.objects = (12_043_203, 12_043_202)
    text = shown(80, [one])

    assert "\N{HORIZONTAL ELLIPSIS}" not in text
    for number in ("44,259,200,000", "1,000,000", "12,043,202", "12,043,203"):
        assert number in text, text


def problems(*workers: Worker) -> list[str]:
    from hpystate.demo.isolation import _problems

    return _problems(list(workers))


def test_a_worker_that_saw_nothing_wrong_is_not_a_problem() -> None:
    assert problems(worker()) == []


def test_wrong_loads_are_a_problem() -> None:
    assert "7 loads" in problems(worker(total=Tally(wrong=7)))[0]


def test_objects_that_were_not_released_are_a_problem() -> None:
    assert "4 of 5 objects" in problems(worker(objects=(5, 4)))[0]


def test_values_of_another_interpreter_are_a_problem() -> None:
    assert "its globals hold" in problems(worker(nonce=3))[0]


def test_a_shared_type_is_a_problem() -> None:
    assert "share the type" in problems(worker(), worker())[0]


REPORTS = [{"interpreter": "main", "loads": 10, "wrong": 0}]
WRONG = [*REPORTS, {"interpreter": "legacy 1", "loads": 10, "wrong": 9}]


@pytest.mark.parametrize(
    ("reports", "ending", "status", "verdict"),
    [
        (REPORTS, "", 0, "ok"),
        (WRONG, "it was killed by SIGSEGV", 0, "BROKEN"),
        ([], "it ended with status 1", 2, "BROKEN"),
    ],
)
def test_what_upstreams_runtime_does_is_shown_and_no_error(
    reports: list[dict[str, object]],
    ending: str,
    status: int,
    verdict: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from hpystate.demo import upstream

    for name in ("build_extensions", "upstream_python"):
        monkeypatch.setattr(upstream, name, lambda: None)
    monkeypatch.setattr(upstream, "_check", lambda *_: (reports, ending))

    assert upstream.run_upstream(argparse.Namespace(json=None)) == status
    assert capsys.readouterr().out.rstrip().endswith(f"isolation: {verdict}")


@pytest.mark.parametrize(
    "arguments", [("--interpreters", "0"), ("--seconds", "-1"), ("--runtime", "other")]
)
def test_bad_arguments_are_said(arguments: tuple[str, str]) -> None:
    result = demo(*arguments)

    assert result.returncode == 2
    assert arguments[0] in result.stderr


@pytest.mark.parametrize(
    ("file", "why"), [("/not/there/x.json", "No such file"), ("/proc", "Is a directory")]
)
def test_results_that_cannot_be_written_are_said_before_the_run(file: str, why: str) -> None:
    result = demo("--json", file)

    assert result.returncode == 2, result.stderr
    assert f"--json: {file} cannot be written: {why}" in result.stderr
    assert result.stdout == ""


def test_a_cache_that_cannot_be_written_is_said_by_the_demo(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    cache = f"{tmp_path}/file/cache"
    result = demo(HPYSTATE_CACHE=cache)

    assert result.returncode == 2
    assert result.stderr.startswith(f"hpystate demo: HPYSTATE_CACHE={cache}: ")
    assert "Traceback" not in result.stdout + result.stderr


@pytest.mark.parametrize("command", ["abi", "doctor"])
def test_the_command_line_names_the_version_of_the_abi(command: str) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "hpystate", command], capture_output=True, text=True, check=True
    )

    assert "HPy 0.9, ABI 0.0 (hpy0)" in result.stdout


def test_the_doctor_prints_what_a_bug_report_needs() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "hpystate", "doctor"], capture_output=True, text=True, check=True
    )

    assert f"hpystate {hpystate.__version__} in {hpystate._native.__file__}\n" in result.stdout
    assert re.search(rf"^CPython 3\.\d+\S*, GIL o\w+: {sys.executable}$", result.stdout, re.M)
    assert re.search(r"^this interpreter: .*\bslots \d+", result.stdout, re.MULTILINE)
