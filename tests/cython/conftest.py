"""conftest.py: Cython modules for the tests of this folder, and scripts that may crash."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.build_cython import compile_cython

Compile = Callable[..., Path]
Run = Callable[[str], "subprocess.CompletedProcess[str]"]

#: For a module of Cython alone or of ours: what it declares.
OWN_GIL = "# cython: language_level=3, subinterpreters_compatible=own_gil\n"


@pytest.fixture
def compile(tmp_path: Path) -> Compile:
    """(name, source, flags): compiles a module, and returns the folder that it is in."""

    def compile_(name: str, source: str, flags: tuple[str, ...] = ()) -> Path:
        file = tmp_path / f"{name}.pyx"
        file.write_text(OWN_GIL + textwrap.dedent(source))
        return compile_cython(file, tmp_path, flags=flags).parent

    return compile_


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs a script in a process of its own, which finds the modules of `compile`."""

    def run_(script: str) -> subprocess.CompletedProcess[str]:
        text = f"import sys\nsys.path.insert(0, {str(tmp_path)!r})\n" + textwrap.dedent(script)
        return subprocess.run(
            [sys.executable, "-X", "faulthandler", "-c", text],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run_
