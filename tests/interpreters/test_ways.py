"""test_ways.py: what docs/interpreters-or-threads.md is measured with, on small numbers, and its
table."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.clients.pages import ROOT, block

PAGE = "docs/interpreters-or-threads.md"
WORKER = ROOT / "bench" / "ways_worker.py"
WAYS = ["threads", "processes"] + (["interpreters"] if sys.version_info >= (3, 13) else [])


def run(*arguments: object, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.mark.parametrize("way", WAYS)
def test_one_and_two_are_measured_when_it_is_their_turn(way: str) -> None:
    result = run(WORKER, "measure", way, 2, 500, given="\n\n")

    assert (result.returncode, result.stderr) == (0, "")
    ready, *lines = result.stdout.splitlines()
    assert (ready, len(lines)) == ("ready", 2)
    for found in map(json.loads, lines):
        assert list(found) == (["own", "same"] if way == "threads" else ["own"])
        for of in found.values():
            assert of["one"]["clock"] > 0 and of["two"]["processor"] > of["one"]["processor"] > 0


@pytest.mark.parametrize("way", WAYS)
def test_memory_and_the_time_of_one_more_are_numbers_of_that_way(way: str) -> None:
    memory = json.loads(run(WORKER, "memory", way, 3).stdout)
    start = json.loads(run(WORKER, "start", way, 3).stdout)

    assert memory["first"] > 1000
    if "HPYSTATE_SANITIZED" not in os.environ:  # whose memory for a thread counts too
        assert (memory["each"] > 1000) == (way != "threads")  # KiB
    assert 0 < start < 60_000


def test_a_python_of_the_other_kind_is_an_error_that_names_it() -> None:
    python = sys.executable
    result = run(ROOT / "bench" / "ways.py", "--without-gil", python, "--with-gil", python)

    assert result.returncode == 2
    version = sys.version.split()[0]
    assert re.fullmatch(
        rf"ways: {re.escape(sys.executable)} is CPython {re.escape(version)} with(out)? the GIL; "
        r"one with(out)? it, from 3\.13 on, was expected\n",
        result.stderr,
    )


def test_a_path_without_a_python_is_an_error_that_names_it(tmp_path: Path) -> None:
    missing = tmp_path / "python"
    result = run(ROOT / "bench" / "ways.py", "--without-gil", missing, "--with-gil", missing)

    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == (
        f"ways: {missing}: No such file or directory; the path of a CPython was expected\n"
    )


def test_the_command_of_the_page_is_one_that_the_program_takes() -> None:
    command = shlex.split(block("sh", "bench/ways.py", PAGE))
    options = [word for word in command if word.startswith("--")]
    told = run(ROOT / command[1], "--help").stdout

    assert options and all(option in told for option in options)


def result() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "bench" / "ways" / "ways.json").read_text())
    return document


def test_the_result_is_of_a_whole_run_and_names_no_path() -> None:
    document = result()

    assert document["rounds"] >= 15 and document["number"] >= 8
    assert [column["way"] for column in document["columns"]] == [
        *("threads", "interpreters", "interpreters", "processes"),
    ]
    assert os.sep not in json.dumps(document)


def test_the_words_of_the_page_are_true_of_its_numbers() -> None:
    threads, interpreters, _, processes = result()["columns"]

    assert threads["single"] > 1.3  # "by far the largest difference", of time
    assert threads["memory"]["each"] < 1024 < interpreters["memory"]["each"]
    assert interpreters["memory"]["each"] < processes["memory"]["each"]
    assert threads["start"] < interpreters["start"] < processes["start"]
    assert threads["scaling"]["same, clock"] < threads["scaling"]["own, clock"]
    for column in (threads, interpreters, processes):
        assert column["scaling"]["own, processor"] > 0.9
