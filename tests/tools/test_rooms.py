"""test_rooms.py: the list of rooms is the tree's, and what differs is named."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.tree import LIST, ROOT, make_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree with two rooms and the tools that look at it."""
    rooms = ("globals        no   one per process", "runtime/calls  yes  how Python calls")
    make_tree(tmp_path, "check_layers.py", rooms)
    return tmp_path


def checked(tree: Path, tool: str = "check_layers.py") -> tuple[int, str]:
    command = [sys.executable, str(tree / "tools" / tool)]
    result = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


def test_the_list_is_that_of_the_tree() -> None:
    assert checked(ROOT, "rooms.py") == (0, "rooms: ok\n")


def test_a_good_tree_passes(tree: Path) -> None:
    assert checked(tree) == (0, "layers: ok\n")


def test_an_empty_folder_that_the_list_lacks_is_named(tree: Path) -> None:
    (tree / "runtime" / "images").mkdir()

    status, told = checked(tree)
    assert status == 1
    assert told == f"runtime/images/ is not in {LIST}; add a line where it belongs in the order\n"


@pytest.mark.parametrize("place", ["runtime/stray.cpp", "runtime/stray.h"])
def test_a_file_between_rooms_is_named(tree: Path, place: str) -> None:
    (tree / place).touch()

    assert checked(tree) == (1, f"{place} is in no room; move it into one ({LIST})\n")


def test_a_folder_in_a_room_is_named(tree: Path) -> None:
    (tree / "globals" / "inner").mkdir()
    (tree / "globals" / "inner" / "a.cpp").touch()

    status, told = checked(tree)
    assert status == 1
    assert told == f"globals/inner/ is not in {LIST}; add a line where it belongs in the order\n"


def test_cmake_refuses_a_source_that_no_room_has(tree: Path) -> None:
    shutil.copy(ROOT / "cmake" / "rooms.cmake", tree)
    (tree / "CMakeLists.txt").write_text(
        "cmake_minimum_required(VERSION 3.25)\nproject(rooms NONE)\ninclude(rooms.cmake)\n"
    )
    configure = ["cmake", "-S", str(tree), "-B", str(tree / "build")]
    assert subprocess.run(configure, capture_output=True, check=False).returncode == 0

    (tree / "runtime" / "stray.cpp").touch()
    refused = subprocess.run(configure, capture_output=True, text=True, check=False)
    assert refused.returncode != 0
    assert f"stray.cpp is in no room; move it into one, or add a line for its folder to {LIST}" in (
        " ".join(refused.stderr.split())
    )


def test_a_room_that_is_not_there_is_named(tree: Path) -> None:
    (tree / "globals").rmdir()

    assert checked(tree) == (
        1,
        f"{LIST}: globals is not a folder; make it, or remove its line\n",
    )


def test_an_include_of_a_later_room_is_named(tree: Path) -> None:
    (tree / "globals" / "token.h").write_text('#include "runtime/calls/thunks.h"\n')

    assert checked(tree) == (
        1,
        "globals/token.h: globals/ may not include runtime/calls/thunks.h: "
        f"{LIST} lists runtime/calls after globals\n",
    )


def test_a_circle_of_files_is_named(tree: Path) -> None:
    (tree / "globals" / "a.h").write_text('#include "globals/b.h"\n')
    (tree / "globals" / "b.h").touch()
    (tree / "globals" / "b.cpp").write_text('#include "globals/a.h"\n')

    status, told = checked(tree)
    assert status == 1
    assert "a circle: globals/" in told
    assert told.count("is included by") == 2


def test_python_h_in_a_room_without_it_is_named(tree: Path) -> None:
    (tree / "globals" / "token.h").write_text("#include <Python.h>\n")

    status, told = checked(tree)
    assert status == 1
    assert told.startswith("globals/token.h: globals/ is tested without an interpreter")


@pytest.mark.parametrize("line", ["runtime/types maybe a type", "runtime/types yes", "a b"])
def test_a_line_that_cannot_be_read_is_named(tree: Path, line: str) -> None:
    with (tree / LIST).open("a") as file:
        file.write(f"{line}\n")

    for tool in ("check_layers.py", "rooms.py"):
        assert checked(tree, tool) == (
            1,
            f"{LIST}:3: expected `folder  yes|no  what it holds`, found '{line}'\n",
        )


def test_a_room_that_is_listed_twice_is_named(tree: Path) -> None:
    with (tree / LIST).open("a") as file:
        file.write("globals  no  again\n")

    assert checked(tree) == (1, f"{LIST}:3: globals is in the list twice; remove one line\n")
