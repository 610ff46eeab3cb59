"""test_documentation.py: the example of docs/global.md, built and run as the page has it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import Interpreter
from tests.clients import pages
from tests.face.plain import BACK_ENDS, load, load_code

PAGE = "docs/global.md"


def block(language: str, part: str = "") -> str:
    """The one that has `part` in it."""
    on_page = (each for each in pages.blocks() if each[:2] == (PAGE, language))
    (found,) = (each for each in on_page if part in each.text)
    return found.text


#: Of the page's shell lines: what both back ends need, and how each is linked.
LINES = {
    "runtime": block("sh", "tally.c -o"),
    "embed": block("sh", "tally.c -o") + block("sh", "--embed-library"),
}


@pytest.fixture(scope="module", params=BACK_ENDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page's three files; tally.so is compiled by the page's lines."""
    made = tmp_path_factory.mktemp("tally")
    (made / "tally.c").write_text(block("c"))
    (made / "words.py").write_text(block("python"))
    result = run(made, "bash", "-euc", LINES[request.param])
    assert (result.returncode, result.stderr) == (0, "")
    return made


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    stage = Path(hpystate.__file__).absolute().parents[1]  # where its files are links, perhaps
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(stage)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_the_example_prints_what_the_page_promises(folder: Path) -> None:
    result = run(folder, sys.executable, "words.py")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.partition("  # ")[2] for line in block("python").splitlines()]
    assert result.stdout.splitlines() == [line for line in lines if line and line[0] == "("]


def test_the_embedded_example_has_the_package_out_of_its_way(folder: Path) -> None:
    file = folder / "tally.so"
    code = load_code("tally", file) + "print(module.add('one'))"
    result = run(folder, sys.executable, "-I", "-S", "-c", code)
    if "hpystate_embed_tables" in run(folder, "nm", str(file)).stdout:
        assert (result.returncode, result.stdout) == (0, "(1, 3)\n"), result.stderr
    else:
        assert "needs the package hpystate" in result.stderr


def test_the_exception_of_the_example_is_that_of_the_interpreter(folder: Path) -> None:
    file = folder / "tally.so"
    tally = load("tally", file)
    with pytest.raises(tally.Error, match="5 is a int, a str was expected"):
        tally.add(5)
    with Interpreter() as other:
        code = load_code("tally", file) + "try: module.add(5)\nexcept module.Error: answer = 1"
        assert other.run(code) == 1
