"""conftest.py: the wheel and the two environments that tests of this folder use (run.py makes
them)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Protocol

import pytest

import hpystate
from tests.clients.pages import block

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 300


class Run(Protocol):
    def __call__(
        self, *command: object, folder: Path | None = None, status: int = 0, **variables: str
    ) -> str: ...


@pytest.fixture(scope="session", autouse=True)
def _from_the_wheel() -> None:
    """Nothing is tested by mistake that a build folder or the sources have."""
    assert Path(hpystate.__file__).is_relative_to(sys.prefix), hpystate.__file__


@pytest.fixture(scope="session")
def wheel() -> Path:
    return Path(os.environ["HPYSTATE_WHEEL"])


@pytest.fixture(scope="session")
def empty() -> Path:
    """The Python of an environment that has the wheel and pip alone."""
    return Path(os.environ["HPYSTATE_EMPTY_PYTHON"])


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a command in a folder; returns what it writes to stdout and stderr. AssertionError: its
    status is another one."""

    def run(*command: object, folder: Path | None = None, status: int = 0, **variables: str) -> str:
        words = [str(word) for word in command]
        environment = dict(os.environ) | {
            "CFLAGS": "-O0",
            "HPYSTATE_CACHE": str(tmp_path / "cache"),
        }
        if words[0] == os.environ["HPYSTATE_EMPTY_PYTHON"]:
            del environment["PATH"]
            environment["PATH"] = os.pathsep.join([str(Path(words[0]).parent), "/usr/bin", "/bin"])
        result = subprocess.run(
            words,
            cwd=folder or tmp_path,
            env=environment | variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT,
            check=False,
        )
        assert result.returncode == status, f"{words}: {result.returncode}\n{result.stdout}"
        return result.stdout

    return run


@pytest.fixture
def point(tmp_path: Path) -> Path:
    """A folder with the C file of README's example."""
    folder = tmp_path / "point"
    folder.mkdir()
    (folder / "point.c").write_text(block("c", "HPy_MODINIT"))
    return folder


def page_block(language: str, part: str, page: str = "docs/building.md") -> str:
    """What a page tells the reader to type, or to write into a file."""
    return block(language, part, page)


def has_tool(name: str) -> str:
    """The path of a tool. AssertionError: this machine lacks it, and the test needs it."""
    found = shutil.which(name)
    assert found is not None, f"{name} is missing: install it (make test-wheel does)"
    return found
