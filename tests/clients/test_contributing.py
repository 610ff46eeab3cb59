"""test_contributing.py: the commands in the blocks of CONTRIBUTING.md, in the build of this run."""

from __future__ import annotations

import itertools
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from tests.clients.pages import ROOT, block

STAGE = Path(hpystate.__file__).absolute().parents[1]
BUILD = STAGE.parent
PAGE = "CONTRIBUTING.md"
Command = list[str]


def commands_of(part: str) -> list[Command]:
    """The commands of the block that has a part in it, with this run's build and Python."""
    text = block("sh", part, PAGE).replace("\\\n", " ")
    text = re.sub(r"\bbuild/dev-3\.12\b", str(BUILD), text)
    found = []
    for line in text.splitlines():
        words = shlex.split(line, comments=True)
        for is_separator, group in itertools.groupby(words, lambda word: word == "&&"):
            if not is_separator:
                found.append([sys.executable if word == "python" else word for word in group])
    return found


def run(command: Command) -> subprocess.CompletedProcess[str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment | {"PYTHONPATH": str(STAGE)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


# ---- the inner loop ----------------------------------------------------------------------------
def test_the_inner_loop_names_targets_and_tests_that_there_are() -> None:
    """Nothing is built: `ninja -n` fails where a target does not exist."""
    activate, export, *lines = commands_of("source .venv")
    assert activate == ["source", ".venv/3.12/bin/activate"]
    assert export == ["export", f"PYTHONPATH={STAGE}"]
    build_first, pytest_run, build_second, ctest_run = lines

    for build in (build_first, build_second):
        result = run([*build, "--", "-n"])
        assert result.returncode == 0, result.stdout + result.stderr
    result = run(pytest_run)
    assert (result.returncode, " passed" in result.stdout) == (0, True), result.stdout
    result = run(ctest_run)
    assert result.returncode == 0, result.stdout
    assert re.search(r"100% tests passed, 0 tests failed out of \d", result.stdout), result.stdout


def test_the_presets_of_the_page_are_those_of_cmake() -> None:
    """They build for minutes, in a folder that the reader may have; so only names are compared."""
    presets = json.loads((ROOT / "CMakePresets.json").read_text())
    text = (ROOT / PAGE).read_text()
    listed = re.search(r"^.*?Presets are (.*?);", text, re.MULTILINE | re.DOTALL)
    assert listed is not None
    assert re.findall(r"`(\w+)`", listed[1]) == [
        each["name"] for each in presets["configurePresets"]
    ]

    configure, build, test = commands_of("ctest --preset dev")
    assert [each[0] for each in (configure, build, test)] == ["cmake", "cmake", "ctest"]
    for command, kind in ((configure, "configure"), (build, "build"), (test, "test")):
        name = command[command.index("--preset") + 1]
        assert name in [each["name"] for each in presets[f"{kind}Presets"]], command


# ---- gdb ---------------------------------------------------------------------------------------
HAS_GDB = shutil.which("gdb") is not None


@pytest.fixture(scope="module")
def recipes() -> list[Command]:
    """The four commands with gdb, in the order of the page."""
    limit, *found = commands_of("detach-on-fork")
    assert limit == ["export", "HPYSTATE_TEST_SECONDS=86400"]
    assert ["gdb" in command for command in found] == [True] * 4
    return found


def stop_and_show(recipe: Command) -> str:
    """What gdb prints until the breakpoint, with the frame and the processes that it has."""
    at = recipe.index("--args")
    shown = ["-ex", "backtrace 1", "-ex", "info inferiors"]
    return run(["gdb", "-batch", *recipe[1:at], *shown, *recipe[at:]]).stdout


def test_gdb_stops_in_a_function_that_a_test_calls(recipes: list[Command]) -> None:
    recipe = recipes[0]
    if not HAS_GDB:  # none is needed for developing
        assert "break hpystate::context::ctx_List_Append" in recipe
        return

    output = stop_and_show(recipe)

    assert re.search(r"^#0 .*ctx_List_Append", output, re.MULTILINE), output


def test_gdb_runs_one_test_of_catch2(recipes: list[Command]) -> None:
    recipe = recipes[1]
    program = recipe[recipe.index("--args") + 1 :]

    result = run(["gdb", "-batch", *recipe[1:]] if HAS_GDB else program)

    assert "1 test case" in result.stdout, result.stdout


def test_gdb_stops_in_a_process_that_a_test_starts(recipes: list[Command]) -> None:
    recipe = recipes[2]
    first = run(recipe[recipe.index("--args") + 1 :])  # so that no compiler is started under gdb
    assert (first.returncode, "1 passed" in first.stdout) == (0, True), first.stdout
    if not HAS_GDB:
        assert "break hpystate::context::ctx_Repr" in recipe
        return

    output = stop_and_show(recipe)

    assert re.search(r"^#0 .*ctx_Repr", output, re.MULTILINE), output
    assert re.search(r"^\* 2 +process", output, re.MULTILINE), output


def test_the_program_under_sanitizers_is_one_that_is_built(recipes: list[Command]) -> None:
    """No build with sanitizers is there; `make check` makes one and runs the program."""
    program = Path(recipes[3][-1])
    assert program.parent == Path("build/asan-3.12/tests")
    assert f"add_executable({program.name}\n" in (ROOT / "tests" / "CMakeLists.txt").read_text()
