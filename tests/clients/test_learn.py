"""test_learn.py: the blocks of the pages for beginners are typed in their order, as a reader would,
in an environment that has the package of the build folder."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients.pages import ROOT, block
from tests.clients.project import SITE, STAGE
from tests.limits import limits

pytestmark = pytest.mark.slow
Typed = Callable[..., subprocess.CompletedProcess[str]]
QUICK, TUTORIAL = "docs/quick-start.md", "docs/tutorial.md"


def promised(code: str) -> list[str]:
    """What the comments behind the calls of print() say."""
    return re.findall(r"^ *print\(.*\)  # (.*)$", code, re.MULTILINE)


@pytest.fixture
def typed(tmp_path: Path) -> Typed:
    """Types the lines of a shell in a folder; AssertionError where one fails."""
    environment = tmp_path / "hpy"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
    for name, module in (("pip", "pip"), ("pytest", "pytest"), ("hpystate", "hpystate")):
        command = environment / "bin" / name
        python = shlex.quote(str(environment / "bin" / "python"))
        command.write_text(f'#!/bin/sh\nexec {python} -m {module} "$@"\n')
        command.chmod(0o755)
    variables = os.environ | {
        "PATH": f"{environment / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": f"{STAGE}:{SITE}",
        "PIP_NO_INDEX": "1",  # all that the pages install is there already
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "HPYSTATE_CACHE": str(tmp_path / "cache"),
    }
    for name in ("PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER"):
        variables.pop(name, None)

    def run(
        lines: str, folder: Path = tmp_path, status: int = 0
    ) -> subprocess.CompletedProcess[str]:
        result = limits.run(["bash", "-euc", lines], 240, cwd=folder, env=variables)
        assert result.returncode == status, f"{lines}\n{result.stdout}{result.stderr}"
        return result

    return run


@pytest.mark.long
def test_the_quick_start_ends_in_eight_interpreters(typed: Typed, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    clone.mkdir()
    built = typed(block("sh", "hpystate new myext", QUICK), clone)
    assert re.search(r"Ran 2 tests in .*\n\nOK", built.stdout + built.stderr)

    code = block("python", "ExitStack", QUICK)
    (tmp_path / "eight.py").write_text(code)
    assert typed(block("sh", "python eight.py", QUICK)).stdout.splitlines() == promised(code)

    tested = typed(block("sh", "--interpreters 8 tests", QUICK), tmp_path / "myext")
    assert tested.stdout.splitlines()[-2] == "8 interpreters, 2 tests: 0 differed"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "shelf"
    folder.mkdir()
    return folder


def write_port(folder: Path) -> str:
    """shelf.c of the second step; returns it."""
    source = block("c", "HPy_MODINIT", TUTORIAL)
    (folder / "shelf.c").write_text(source)
    return source


def fused(source: str) -> str:
    """shelf.c of the third step: its functions replace those of the second."""
    begin, end = (source.index(f"HPyDef_{name}") for name in ("METH(add,", "SLOT(shelf_exec"))
    source = source[:begin] + block("c", "HPy_New_g", TUTORIAL) + "\n" + source[end:]
    return source.replace("#include <hpy.h>\n", "#include <hpy.h>\n#include <hpystate/fused.h>\n")


def test_the_first_shelf_is_wrong_in_two_interpreters(typed: Typed, shelf: Path) -> None:
    (shelf / "shelf.c").write_text(block("c", "PyInit_shelf", TUTORIAL))
    typed(block("sh", "gcc -shared", TUTORIAL), shelf)
    code = block("python", 'Interpreter("shared")', TUTORIAL)
    (shelf / "wrong.py").write_text(code)

    assert typed("python wrong.py", shelf).stdout.splitlines() == promised(code)
    assert promised(code) == ["Ulysses", "False"]
    told = typed(block("sh", "hpystate doctor", TUTORIAL), shelf, status=1).stdout
    assert re.search(r"static words? with an object: .*\bBook_Type\b", told)
    assert re.search(r"static words? with an object: .*\bnewest\b", told)


@pytest.mark.parametrize("step", ["port", "fused"])
def test_the_port_is_right_in_two_interpreters(typed: Typed, shelf: Path, step: str) -> None:
    source = write_port(shelf)
    if step == "fused":
        (shelf / "shelf.c").write_text(fused(source))
    (shelf / "shelf.so").touch()  # of the first step
    typed(block("sh", "rm shelf.so", TUTORIAL), shelf)
    code = block("python", "# Emma", TUTORIAL)
    (shelf / "right.py").write_text(code)

    assert typed("python right.py", shelf).stdout.splitlines() == promised(code)
    assert promised(code) == ["Emma", "True", "Ulysses"]


@pytest.mark.long
def test_the_tests_of_the_tutorial_pass_in_eight_interpreters(typed: Typed, shelf: Path) -> None:
    (shelf / "shelf.c").write_text(fused(write_port(shelf)))
    (shelf / "test_shelf.py").write_text(block("python", "def test_nothing", TUTORIAL))

    tested = typed(block("sh", "--interpreters 8", TUTORIAL), shelf)
    assert tested.stdout.splitlines()[-2] == "8 interpreters, 3 tests: 0 differed"
    assert "3 passed" in typed(block("sh", "HPY=debug pytest", TUTORIAL), shelf).stdout


@pytest.mark.long
def test_the_wheel_of_the_tutorial_has_the_extension_and_its_stub(
    typed: Typed, shelf: Path, tmp_path: Path
) -> None:
    write_port(shelf)
    (shelf / "setup.py").write_text(block("python", 'name="shelf"', TUTORIAL))
    typed(block("sh", "pip wheel", TUTORIAL), shelf)

    wheel = shelf / "dist" / "shelf-1.0-py3-none-linux_x86_64.whl"
    with zipfile.ZipFile(wheel) as files:
        assert {"shelf.py", "shelf.hpy0.so"} <= set(files.namelist())
    typed(f"pip install --no-deps {shlex.quote(str(wheel))}")
    code = block("python", "# Emma", TUTORIAL).replace("hpystate.install()", "pass")
    (tmp_path / "users.py").write_text(code)
    assert typed("python users.py").stdout.splitlines() == promised(code)


def test_the_host_has_an_interpreter_for_each_thread(typed: Typed, tmp_path: Path) -> None:
    (tmp_path / "point.c").write_text(block("c", "HPy_MODINIT"))
    (tmp_path / "host.c").write_text(block("c", "pthread_create", "docs/embedding.md"))
    typed("hpystate build point.c")

    lines = block("sh", "host.c", "docs/embedding.md")
    flags = Path(sys.base_prefix).parent / "embed.flags"
    if flags.is_file():  # a Python with a libc of its own (tools/get-python.sh)
        more = " ".join(flags.read_text().split())
        lines = lines.replace("-lpthread", f"-lpthread {more}")
        lines = lines.replace("PYTHONPATH=", f"PYTHONHOME={sys.base_prefix} PYTHONPATH=", 1)
    told = typed(lines)
    assert (told.stdout, told.stderr) == ("4 of 4 interpreters kept their own object\n", "")
    assert told.stdout.strip() in (ROOT / "docs" / "embedding.md").read_text()


def test_the_packages_that_the_questions_name_have_those_verdicts() -> None:
    text = " ".join((ROOT / "docs" / "faq.md").read_text().split())
    results = json.loads((ROOT / "tests" / "doctor" / "results" / "packages.json").read_text())
    verdicts = {
        name: {each["verdict"] for each in package["modules"]}
        for name, package in results["packages"].items()
    }
    told = re.search(
        r"Of (\d+) common packages five are ready, among them (.*?);(.*?) are not", text
    )
    assert told is not None

    assert int(told[1]) == len(verdicts)
    ready = {name for name, found in verdicts.items() if found == {"ready"}}
    assert len(ready) == 5
    assert set(re.findall(r"[\w-]+", told[2].replace(" and ", " "))) <= ready
    named = set(re.findall(r"[\w-]+", told[3].replace(" and ", " ")))
    assert len(named) == 3 and named <= set(verdicts) - ready
