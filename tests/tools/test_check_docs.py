"""test_check_docs.py: broken references of the documents are named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.tree import make_tree

GENERATED = """<!-- tools/tables.py writes: rooms in their order -->
    globals/        one per process
    runtime/layers/ what debug and trace mode share
<!-- end of: rooms in their order -->
"""
EXPLAINED = "`globals/` is for the process. `runtime/layers/` wraps contexts.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree whose documents are in order, under Git, with the tool in it."""
    rooms = ("globals         no   one per process", "runtime/layers  yes  shared")
    make_tree(tmp_path, "check_docs.py", rooms)
    (tmp_path / "docs").mkdir()
    (tmp_path / "Makefile").write_text("test:\ntest-upstream: test\n")
    (tmp_path / "docs" / "cpython-faults.md").write_text("A fault (gh-" + "1).\n")
    (tmp_path / "docs" / "design.md").write_text(GENERATED + EXPLAINED)
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)
    return tmp_path


def checked(tree: Path) -> tuple[int, list[str]]:
    subprocess.run(["git", "add", "-A"], cwd=tree, check=True)
    command = [sys.executable, "-B", str(tree / "tools" / "check_docs.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.stderr == ""
    return result.returncode, result.stdout.splitlines()


def test_a_tree_in_order_passes(tree: Path) -> None:
    assert checked(tree) == (0, ["docs: ok"])


@pytest.mark.parametrize(
    "text", ["Type `make test-upstraem`.", "```\nmake test-upstraem  # slow\n```"]
)
def test_a_target_with_a_hyphen_is_read_to_its_end(tree: Path, text: str) -> None:
    page = tree / "README.md"
    page.write_text(text + "\n")
    named = "README.md: names make test-upstraem, which the Makefile lacks"
    assert checked(tree) == (1, [named])

    page.write_text(text.replace("upstraem", "upstream") + "\n")
    assert checked(tree) == (0, ["docs: ok"])


def test_a_room_that_only_the_generated_list_names_is_not_explained(tree: Path) -> None:
    design = tree / "docs" / "design.md"
    design.write_text(GENERATED + EXPLAINED.replace("`globals/`", "This"))

    assert checked(tree) == (1, ["docs/design.md: does not explain globals/"])


def test_a_room_in_a_room_does_not_explain_the_outer_one(tree: Path) -> None:
    design = tree / "docs" / "design.md"
    design.write_text(GENERATED + EXPLAINED.replace("runtime/layers/", "runtime/layers/debug/"))

    assert checked(tree) == (
        1,
        [
            "docs/design.md: names runtime/layers/debug/, which is not there",
            "docs/design.md: does not explain runtime/layers/",
        ],
    )


def test_links_paths_and_issues_that_are_not_there_are_named(tree: Path) -> None:
    (tree / "README.md").write_text("[here](docs/no.md), `globals/no.h`\n")
    (tree / "globals" / "code.h").write_text("// gh-" + "2\n")

    assert checked(tree) == (
        1,
        [
            "README.md: links to docs/no.md, which is not there",
            "README.md: names globals/no.h, which is not there",
            "globals/code.h:1: names gh-" + "2, which docs/cpython-faults.md does not explain",
        ],
    )


def test_the_name_of_a_file_without_its_folder_is_that_of_some_file(tree: Path) -> None:
    page = tree / "README.md"
    page.write_text("`rooms.py` and `code.h`, as in `python x.py` and `A.b`; your `point.c`.\n")
    named = "README.md: names code.h, and no file here has that name"
    assert checked(tree) == (1, [named])

    (tree / "runtime" / "layers" / "code.h").touch()
    assert checked(tree) == (0, ["docs: ok"])


def test_a_decision_that_the_list_lacks_is_named(tree: Path) -> None:
    folder = tree / "docs" / "decisions"
    folder.mkdir()
    (folder / "0001-one.md").touch()
    named = "docs/decisions/README.md: has no link to 0001-one.md"
    assert checked(tree) == (1, [named])

    (folder / "README.md").write_text("[0001](0001-one.md)\n")
    assert checked(tree) == (0, ["docs: ok"])
