"""test_check_without_gil.py: a file that does not compile without the GIL is named."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "check_without_gil.py"
GOOD = "int good(void) { return 1; }\n"
BAD = "#ifdef Py_GIL_DISABLED\nint bad(void) { return missing; }\n#endif\n"


def checked(build: Path, sources: dict[str, str], target: str) -> subprocess.CompletedProcess[str]:
    """The tool on a build folder of these sources."""
    entries = []
    for name, text in sources.items():
        (build / name).write_text(text)
        words = ["cc", "-O2", "-g", "-o", f"CMakeFiles/{target}.dir/{name}.o", "-c", name]
        entry = {"directory": str(build), "file": name, "command": shlex.join(words)}
        entries.append(entry)
    (build / "compile_commands.json").write_text(json.dumps(entries))
    command = [sys.executable, str(TOOL), str(build)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_what_compiles_is_counted(tmp_path: Path) -> None:
    result = checked(tmp_path, {"good.c": GOOD}, "hpystate_runtime")

    assert result.returncode == 0
    assert result.stdout == "without the GIL: 1 of 1 files compile\n"
    assert not list(tmp_path.rglob("*.o"))


def test_a_file_that_fails_is_named_with_its_error(tmp_path: Path) -> None:
    result = checked(tmp_path, {"good.c": GOOD, "bad.c": BAD}, "hpystate_globals")

    assert result.returncode == 1
    assert "bad.c:\n" in result.stdout and "missing" in result.stdout
    assert "1 of 2 files compile" in result.stdout


def test_a_build_without_the_runtime_is_not_a_success(tmp_path: Path) -> None:
    assert checked(tmp_path, {"good.c": GOOD}, "stress").returncode == 1


def test_a_folder_without_commands_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, str(TOOL), str(tmp_path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "a build folder with a compile_commands.json was expected" in result.stdout
