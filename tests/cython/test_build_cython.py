"""test_build_cython.py: hpystate.build_cython.compile_cython: wrong input, two builds at once."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import pytest

from hpystate.build import BuildError
from hpystate.build_cython import compile_cython
from tests.cython.conftest import Run


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


def test_two_builds_into_one_folder_do_not_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """The compiler of the first one does the whole second one before it begins."""
    for number in (1, 2):
        (tmp_path / f"{number}").mkdir()
        (tmp_path / f"{number}" / "racing.pyx").write_text(
            f"cdef public int number = {number}\nx = number\n"
        )
    out = tmp_path / "out"
    second = "from hpystate.build_cython import compile_cython; "
    second += f"compile_cython({str(tmp_path / '2' / 'racing.pyx')!r}, {str(out)!r})"
    compiler = tmp_path / "compiler"
    compiler.write_text(
        f'#!/bin/sh\nCC=cc {shlex.join([sys.executable, "-c", second])} && exec cc "$@"\n'
    )
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    made = compile_cython(tmp_path / "1" / "racing.pyx", out, flags=("-g",))

    assert b"number = 1" in (out / "racing.c").read_bytes()
    assert sorted(path.name for path in out.iterdir()) == sorted(
        ["racing.c", made.name, "racing.h"]
    )
    assert str(out).encode() in made.read_bytes(), "a debugger would not find the source"
    result = run(f"sys.path.insert(0, {str(out)!r}); import racing; print(racing.x)")
    assert result.stdout == "1\n", result.stderr


def test_a_build_that_fails_changes_nothing(tmp_path: Path) -> None:
    source = tmp_path / "words.pyx"
    source.write_text("x = 1\n")
    made = compile_cython(source, tmp_path / "out")
    before = {path: path.read_bytes() for path in (tmp_path / "out").iterdir()}
    assert made in before
    source.write_text("cdef int x = 'text'\n")
    with pytest.raises(BuildError, match="Cython could not translate it"):
        compile_cython(source, tmp_path / "out")
    source.write_text("x = 2\n")
    with pytest.raises(BuildError, match="no-such-option"):
        compile_cython(source, tmp_path / "out", flags=("-Werror", "--no-such-option"))
    assert {path: path.read_bytes() for path in (tmp_path / "out").iterdir()} == before
