"""pages.py: README.md and docs/ as tests see them: blocks, commands, and what no test runs."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:make|python3?|pip|gcc|cmake|ctest|gdb|export|git|\.|tools/\S+|\.ci/run"
    r"|(?!ARGS=)[A-Z_]+=\S+)(?: |$)"
)

#: The commands outside of blocks that no test and no step of .ci/run runs as they are, with the
#: reason. A command of `make` is listed by its target. Blocks are listed in test_readme.py.
NOT_RUN = {
    "make bench": "it takes minutes, and other work on the machine spoils its times; tests/bench "
    "tries what it prints and writes",
    "make bench-threads": "the same, and it needs a Python without the GIL",
    "make matrix": "it fetches and builds interpreters for hours; tests/tools/test_matrix.py",
    "make lint": "make check runs all of it, on the same list",
    "make test": ".ci/run does, and this test is a part of it",
    ".ci/run": "this test is a part of it",
    ". .venv/3.12/bin/activate": "of the shell; .ci/run works in that environment",
    "export PYTHONPATH=$PWD/build/release-3.12/stage": "of the shell; the demo works so",
    "tools/get-python.sh": "it fetches an interpreter; tests/tools/test_setup.py, make matrix",
    "tools/sanitize.sh": "a file that is named; make sanitize runs it",
    "tools/tables.py": "a file that is named; tests/tools/test_tables.py runs it",
    "python -m hpystate --include-dir": "test_readme.py runs it in README's block",
    "HPY=debug": "a variable; test_readme.py runs it in a block",
    'HPYSTATE_GIL="name=off"': "a variable; tests/loader/test_gil.py",
    'HPYSTATE_GIL="point=off,*=on"': "a variable; tests/loader/test_gil.py",
    'HPYSTATE_INTERPRETERS="numpy*=shared-gil,point=own-gil"': "a variable; "
    "tests/loader/test_module.py",
    "PYTHON_GIL=0": "a variable of CPython's; tests/loader/test_gil.py",
}

#: What takes the options in the ARGS of a target.
PROGRAMS = {
    "bench": ("bench/run.py",),
    "bench-threads": ("bench/threads.py",),
    "demo": ("python/hpystate/demo/__init__.py",),
    "fresh": ("tools/fresh.py",),
    "fuzz": ("tests/fuzz/run.py",),
    "matrix": ("tools/matrix.py",),
    "sanitize": ("tools/sanitize.sh", "stress/run.py"),
    "stress": ("stress/run.py",),
    "test-upstream": ("tests/upstream/run.py",),
}


class Block(NamedTuple):
    page: str
    language: str
    text: str

    @property
    def first_line(self) -> str:
        return self.text.partition("\n")[0]


def blocks() -> list[Block]:
    """The fenced blocks of all pages; their language is "" where they name none."""
    return [
        Block(str(page.relative_to(ROOT)), found[2], textwrap.dedent(found[3]))
        for page in PAGES
        for found in FENCE.finditer(page.read_text())
    ]


def block(language: str, part: str, page: str = "README.md") -> str:
    """The one block of a page that is in a language and has a part in it."""
    found = [each.text for each in blocks() if each[:2] == (page, language) and part in each.text]
    assert len(found) == 1, f"{page}: {len(found)} blocks in {language} have {part!r} in them"
    return found[0]


def commands() -> set[str]:
    """The commands in the pages' text, and those in blocks that are in no language."""
    found = set()
    for page in PAGES:
        text = page.read_text()
        found |= set(re.findall(r"`([^`\n]+)`", FENCE.sub("", text)))
    for each in blocks():
        if each.language == "":
            found |= {line.partition("#")[0].strip() for line in each.text.splitlines()}
    return {command for command in found if COMMAND.match(command)}
