"""test_tidy.py: what is wrong in one file is found in it, though its room is read in one piece."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.tree import ROOT, make_tree

TOOL = ROOT / "tools" / "tidy.py"
GOOD = "namespace hpystate {\nint {name}() { return 1; }\n}  // namespace hpystate\n"
#: One fault for each kind of check, with what names it.
FOLLOWS_PATHS = "\nint broken() {\n  int *nothing = nullptr;\n  return *nothing;\n}\n"
LOOKS_AT_NAMES = "\nint BadName() { return 1; }\n"
FAULTS = {
    FOLLOWS_PATHS: "clang-analyzer-core.NullDereference",
    LOOKS_AT_NAMES: "readability-identifier-naming",
}

needs_clang_tidy = pytest.mark.skipif(
    shutil.which("clang-tidy") is None, reason="clang-tidy is missing; `make check` installs it"
)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two rooms: one of two files and one that is compiled alone, one of one file."""
    make_tree(tmp_path, "tidy.py", ("globals  no  a", "runtime/abi  no  b"))
    shutil.copy(ROOT / ".clang-tidy", tmp_path)
    (tmp_path / "runtime/alone.txt").write_text("# a list\nglobals/alone.cpp  a reason\n")
    build = tmp_path / "build/dev"
    build.mkdir(parents=True)
    commands = []
    for name in ("globals/one.cpp", "globals/two.cpp", "globals/alone.cpp", "runtime/abi/abi.cpp"):
        file = tmp_path / name
        file.write_text(GOOD.replace("{name}", f"value_of_{file.stem}"))
        command = f"c++ -std=c++20 -o {file.stem}.o -c {file}"
        commands.append({"directory": str(build), "file": str(file), "command": command})
    (build / "compile_commands.json").write_text(json.dumps(commands))
    return tmp_path


def tidy(tree: Path, *files: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(tree / "tools" / "tidy.py"), *files]
    environment = {k: v for k, v in os.environ.items() if k != "HPYSTATE_BUILD"}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@needs_clang_tidy
def test_files_without_a_fault_are_ok(tree: Path) -> None:
    result = tidy(tree)

    assert (result.returncode, result.stdout) == (0, "tidy: 4 files, ok\n"), result.stderr


@needs_clang_tidy
@pytest.mark.parametrize("name", ["globals/two.cpp", "globals/alone.cpp", "runtime/abi/abi.cpp"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_in_its_file(tree: Path, name: str, fault: str) -> None:
    file = tree / name
    line = file.read_text().count("\n") + (4 if fault == FOLLOWS_PATHS else 2)
    file.write_text(file.read_text() + fault)
    result = tidy(tree)

    assert result.returncode == 1
    assert f"{file}:{line}:" in result.stdout
    assert FAULTS[fault] in result.stdout
    assert result.stdout.count(": error: ") == 1


@needs_clang_tidy
def test_a_fault_in_a_header_of_a_room_is_found(tree: Path) -> None:
    (tree / "globals/one.h").write_text(
        "#pragma once\n" + LOOKS_AT_NAMES.replace("int", "inline int")
    )
    file = tree / "globals/one.cpp"
    file.write_text('#include "one.h"\n' + file.read_text())

    assert f"{tree}/globals/one.h:3:" in tidy(tree).stdout


@needs_clang_tidy
def test_of_files_that_are_named_the_rooms_are_checked(tree: Path) -> None:
    for name in ("globals/two.cpp", "runtime/abi/abi.cpp"):
        file = tree / name
        file.write_text(file.read_text() + LOOKS_AT_NAMES)

    result = tidy(tree, "globals/one.cpp")
    assert result.returncode == 1
    assert "globals/two.cpp" in result.stdout
    assert "abi.cpp" not in result.stdout
    assert "of these files belongs to a room" in tidy(tree, "tests/x.cpp").stdout


@needs_clang_tidy
def test_a_file_that_does_not_compile_is_a_finding(tree: Path) -> None:
    file = tree / "globals/one.cpp"
    file.write_text(file.read_text() + "int f() { return nowhere; }\n")
    result = tidy(tree)

    assert result.returncode == 1
    assert "nowhere" in result.stdout


def test_a_build_that_compiles_rooms_together_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "Unity/unity_globals_cxx.cxx")
    entry = {"directory": str(tmp_path), "file": file, "command": f"c++ -c {file}"}
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    environment = os.environ | {"HPYSTATE_BUILD": str(tmp_path)}
    command = [sys.executable, str(TOOL)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "HPYSTATE_UNITY=OFF make build" in result.stdout
