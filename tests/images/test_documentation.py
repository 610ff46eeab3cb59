"""test_documentation.py: the blocks of docs/isolate.md are run as they are."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.images import packages
from tests.clients.pages import ROOT, block

PAGE = "docs/isolate.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with counter.so, compiled by the page's lines, and a `python` that is this one."""
    command = tmp_path / "bin" / "python"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} "$@"\n')
    command.chmod(0o755)
    (tmp_path / "counter.c").write_text(block("c", "PyInit_counter", PAGE))
    compiled = in_folder(tmp_path, "bash", "-euc", block("sh", "gcc -shared", PAGE))
    assert (compiled.returncode, compiled.stderr) == (0, "")
    return tmp_path


def in_folder(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=folder,
        env=os.environ | {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("part", ["first.run", "InterpreterPool"])
def test_the_examples_print_what_they_promise(folder: Path, part: str) -> None:
    code = block("python", part, PAGE)
    (folder / "script.py").write_text(code)
    result = in_folder(folder, "python", "script.py")

    assert (result.returncode, result.stderr) == (0, "")
    promised = re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)
    assert promised and result.stdout.splitlines() == promised


def test_the_table_of_the_page_is_one_and_its_members_are_all(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(block("json", '"copy"', PAGE))
    (entry,) = packages.read(str(tmp_path / "mine.json"), "the page").values()

    assert {*entry, "tested"} == set(packages.MEMBERS)


def test_the_words_of_the_page_are_those_of_the_variable() -> None:
    from hpystate.images.choice import options_from_environment

    words = re.findall(r"^export HPYSTATE_IMAGES=(\S+)", block("sh", "IMAGES=log", PAGE), re.M)

    assert len(words) == 3
    for word in words:
        assert options_from_environment({"HPYSTATE_IMAGES": word}) == set(word.split(","))


def test_debugging_explains_every_kind_of_the_sources() -> None:
    """Each kind that an image can be refused with has a row."""
    sources = [*(ROOT / "runtime" / "images").glob("*.cpp")]
    sources += (ROOT / "python" / "hpystate" / "images").glob("*.py")
    kinds = set()
    for source in sources:
        kinds |= set(re.findall(r'ImageError\(\s*"([a-z-]+)"', source.read_text()))
        kinds |= set(re.findall(r'kind="([a-z-]+)"', source.read_text()))
    page = (ROOT / "docs" / "debugging.md").read_text()

    assert {"refused", "no-images", "static-tls"} <= kinds
    assert [kind for kind in sorted(kinds) if f"`{kind}`" not in page] == []
