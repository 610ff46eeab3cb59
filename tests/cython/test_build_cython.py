"""test_build_cython.py: wrong input to hpystate.build_cython.compile_cython."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hpystate.build import BuildError
from hpystate.build_cython import compile_cython


def test_a_source_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.pyx: there is no such source file"):
        compile_cython(tmp_path / "none.pyx", tmp_path)


def test_a_source_that_cython_refuses(tmp_path: Path) -> None:
    source = tmp_path / "wrong.pyx"
    source.write_text("cdef int x = 'text'\n")
    with pytest.raises(BuildError, match="Cython could not translate it"):
        compile_cython(source, tmp_path)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("exit 1", "Cython was not found, and 3.1 or later is needed"),
        ("echo Cython version 3.0.11", "Cython 3.0 was found, and 3.1 or later is needed"),
    ],
)
def test_a_python_without_a_cython_that_fits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, words: str
) -> None:
    source = tmp_path / "good.pyx"
    source.write_text("x = 1\n")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answer}\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(BuildError, match=words):
        compile_cython(source, tmp_path)
