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
from tests.face.plain import BACK_ENDS, NO_GIL, compile_plain, load, load_code

PAGE = "docs/global.md"


def block(language: str, part: str = "") -> str:
    """The one that has `part` in it."""
    on_page = (each for each in pages.blocks() if each[:2] == (PAGE, language))
    (found,) = (each for each in on_page if part in each.text)
    return found.text


#: The example does not declare that it works without the GIL, so CPython brings it back and warns,
#: unless the GIL is there from the start.
WITH_THE_GIL = ("env", "PYTHON_GIL=1") if NO_GIL else ()

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
    result = run(folder, *WITH_THE_GIL, sys.executable, "words.py")
    assert (result.returncode, result.stderr) == (0, "")
    lines = [line.partition("  # ")[2] for line in block("python").splitlines()]
    assert result.stdout.splitlines() == [line for line in lines if line and line[0] == "("]


def test_the_embedded_example_has_the_package_out_of_its_way(folder: Path) -> None:
    file = folder / "tally.so"
    code = load_code("tally", file) + "print(module.add('one'))"
    result = run(folder, sys.executable, "-I", "-S", "-c", code)
    if "hpystate_embed_tables" in run(folder, "nm", "--defined-only", str(file)).stdout:
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


def test_the_example_in_cpp_counts_and_reports_at_the_end(tmp_path: Path) -> None:
    source = tmp_path / "tally.cpp"
    source.write_text(block("cpp"))
    flags = ("-std=c++17", "-Wno-missing-field-initializers")
    compiler = os.environ.get("CXX", "c++")
    file = compile_plain("tally", [source], tmp_path, flags=flags, compiler=compiler)
    tally = load("tally", file)
    assert [tally.add(word) for word in ("one", "two", "one")] == [1, 1, 2]
    with pytest.raises(ValueError, match="an empty word"):
        tally.add("")
    with pytest.raises(TypeError):
        tally.add(5)
    reading, writing = os.pipe()
    with Interpreter() as other:
        code = load_code("tally", file) + "answer = module.add('one'), module.add('three')\n"
        code += f"import os\ndef report(count, write=os.write): write({writing}, b'%d' % count)\n"
        assert other.run(code + "module.at_end(report)") == (1, 1)
    os.close(writing)
    with os.fdopen(reading) as printed:
        assert printed.read() == "2"
