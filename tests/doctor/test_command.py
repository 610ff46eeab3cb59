"""test_command.py: `python -m hpystate doctor NAME`: names, table, JSON, progress."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.doctor.find import targets_of
from tests.doctor import extensions as c
from tests.doctor.conftest import command


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A distribution `two-parts` with a package `parts` of two modules, and one beside it."""
    inner = tmp_path / "parts" / "inner"
    inner.mkdir(parents=True)
    for folder in (tmp_path / "parts", inner):
        (folder / "__init__.py").touch()
    good = c.build(tmp_path / "parts", "good", c.multi("good", slots=c.OWN))
    held = c.build(inner, "held", c.multi("held", c.HOLDS, c.FILL))
    beside = c.build(tmp_path, "_beside", c.multi("_beside", slots=c.OWN))
    (inner / "libhelper.so").write_bytes(good.read_bytes())  # exports no PyInit_libhelper
    info = tmp_path / "two_parts-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Name: two-parts\nVersion: 1.0\n")
    rows = [file.relative_to(tmp_path) for file in (good, held, beside)]
    (info / "RECORD").write_text("".join(f"{row},,\n" for row in rows))
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_a_name_is_a_package_a_module_a_file_or_a_distribution(package: Path) -> None:
    def named(name: str) -> list[str]:
        return [target.name for target in targets_of(name)]

    (file,) = (package / "parts" / "inner").glob("held.*.so")
    assert named("parts") == ["parts.good", "parts.inner.held"]
    assert named("parts.inner") == ["parts.inner.held"]
    assert named("parts.good") == ["parts.good"]
    assert named(str(file)) == ["parts.inner.held"]
    assert named("two-parts") == ["_beside", "parts.good", "parts.inner.held"]
    assert "parts" not in sys.modules  # nothing was imported


def test_a_folder_without_init_is_a_package_only_where_an_import_would_find_it(
    package: Path,
) -> None:
    inner = package / "spaces" / "inner"
    inner.mkdir(parents=True)
    file = inner / "part.so"
    file.write_bytes(b"")  # damaged: the examination tells

    (by_name,) = targets_of("spaces")
    (by_file,) = targets_of(str(file))

    assert by_name[:3] == ("spaces.inner.part", str(file), str(package))
    assert by_file[:3] == ("part", str(file), str(inner))


def test_a_package_has_a_table_and_a_status(package: Path) -> None:
    result = command("parts")

    assert (result.returncode, result.stderr) == (1, "")
    assert "parts.inner.held: port\n" in result.stdout
    assert result.stdout.endswith("2 modules: 1 ready, 0 declare only, 1 port, 0 cannot\n")
    lines = [
        line for line in result.stdout.splitlines() if not line.startswith(("  file", "  next"))
    ]
    assert max(map(len, lines)) <= 80
    assert "\x1b" not in result.stdout


def test_json_has_all_that_was_found(package: Path) -> None:
    result = command("two-parts", "--json")
    found = json.loads(result.stdout)

    assert (result.returncode, result.stderr) == (1, "")
    assert found["counts"] == {"ready": 2, "declare only": 0, "port": 1, "cannot": 0}
    (held,) = (each for each in found["modules"] if each["module"] == "parts.inner.held")
    assert {static["name"] for static in held["statics"]} >= {"pi", "table+32"}
    assert list(held["layers"]) == ["declared", "symbols and DWARF", "observed", "differential"]


def test_a_module_that_is_ready_has_status_0(package: Path) -> None:
    result = command("_beside", "--exercise", "import parts")

    assert (result.returncode, result.stderr) == (0, "")
    assert "_beside: ready\n" in result.stdout


def test_what_to_type_next_names_the_same_file(package: Path) -> None:
    """The module's name where an import finds the file; else its path."""
    away = package / "it is here"
    away.mkdir()
    (beside,) = package.glob("_beside.*.so")
    copy = away / beside.name
    copy.write_bytes(beside.read_bytes())

    for typed, next_one in ((beside, "_beside"), (copy, f"'{copy}'")):
        advice = f"python -m hpystate doctor {next_one} --exercise"
        assert advice in command(typed).stdout


def test_a_terminal_sees_progress_and_colours(package: Path) -> None:
    """In a terminal of this test."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "hpystate", "doctor", "parts"],
        stdout=theirs,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "80"},
    ) as child:
        os.close(theirs)
        said = b""
        try:
            while data := os.read(ours, 4096):
                said += data
        except OSError:  # EIO: the other side was closed
            pass
        os.close(ours)
        assert child.wait(60) == 1

    assert b"examining" in said
    assert b"0/2" in said
    assert b"\x1b[" in said
