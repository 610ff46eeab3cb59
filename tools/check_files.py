"""check_files.py: the manner of files: first line, length, no trailing space, nothing left undone.

Exit status 1 names every file and line that is not as it should be.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SUFFIXES = {".cpp", ".h", ".hpp", ".c", ".def", ".py", ".sh", ".txt", ".toml", ".md"}
GENERATED = {"tests/abi/layout_0_0_4.cpp", "tests/abi/layout_0_9.c"}
LONG = 400  # lines of code from which on a file says why it is so long, near its beginning
REASON = re.compile(r"\bLong: \S")
LONGEST = 600
COPIED = {"include/hpystate/global.h"}  # users copy one file
# Written so that this file does not find itself.
MACHINE = re.compile("/" + r"(root|work|tmp/bash|home/\w+)/|\.pyenv/versions/" + r"3\.\d+\.\d")
UNDONE = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK)\b(?!\(#\d+\))")


def tracked() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    return [Path(name) for name in names if Path(name).suffix in SUFFIXES]


def first_line_names_itself(path: Path, text: str) -> bool:
    """C++, C, .def and Python files open with their path or name and a clause."""
    first = text.partition("\n")[0]
    if first.startswith("#!"):
        first = text.split("\n")[1]
    return path.name in first and re.search(r": \S", first) is not None


def problems_of(path: Path) -> list[str]:
    text = (ROOT / path).read_text()
    found = []
    lines = text.splitlines()
    code = path.suffix in {".cpp", ".h", ".hpp", ".c", ".def", ".py"}
    if code and text and not first_line_names_itself(path, text):
        found.append(f"{path}:1: the first line does not say `{path.name}: what it is`")
    if len(lines) > LONGEST and str(path) not in GENERATED | COPIED:
        found.append(f"{path}: {len(lines)} lines, more than {LONGEST}: likely two ideas")
    if code and len(lines) > LONG and not any(REASON.search(line) for line in lines[:20]):
        found.append(
            f"{path}: {len(lines)} lines, more than {LONG}; split it, or say `Long: <why>` in its "
            "first comment"
        )
    for number, line in enumerate(lines, start=1):
        if line != line.rstrip():
            found.append(f"{path}:{number}: trailing space")
        if UNDONE.search(line):
            found.append(f"{path}:{number}: something is left undone without an issue's number")
        if MACHINE.search(line):
            found.append(f"{path}:{number}: a path of one machine")
        if code and len(line) > 100 and path.suffix != ".def" and str(path) not in GENERATED:
            found.append(f"{path}:{number}: {len(line)} columns")
    return found


def main() -> int:
    problems = [problem for path in tracked() for problem in problems_of(path)]
    print("\n".join(problems) or "files: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
