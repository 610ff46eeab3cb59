"""check_without_gil.py BUILD: the runtime compiles against these headers as for no GIL.

For versions of which no build without a GIL can be had: each file of the runtime is compiled as
in BUILD, with its interpreter's headers, but as Py_GIL_DISABLED makes them. No code is made. Exit
status 1 names each file that fails, with what the compiler said.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TARGETS = re.compile(r"CMakeFiles/(hpystate_globals|hpystate_runtime|_native)\.dir/")
DEFINITIONS = ("-DPy_GIL_DISABLED=1", "-DHPYSTATE_NO_GIL")
#: Of the command: what would write, and what only the making of code needs.
DROPPED = re.compile(r"-(c|O\d?|g\d?)")


def command_of(entry: dict[str, str]) -> list[str]:
    words = shlex.split(entry["command"])
    if "ccache" in Path(words[0]).name:
        words = words[1:]
    at = words.index("-o")
    kept = [word for word in words[:at] + words[at + 2 :] if not DROPPED.fullmatch(word)]
    return [*kept, *DEFINITIONS, "-fsyntax-only"]


def failure(entry: dict[str, str]) -> str:
    """What the compiler prints for a file, or ""."""
    result = subprocess.run(
        command_of(entry), cwd=entry["directory"], capture_output=True, text=True, check=False
    )
    return f"{entry['file']}:\n{result.stderr}" if result.returncode else ""


def main(arguments: list[str]) -> int:
    commands = Path(arguments[0], "compile_commands.json") if len(arguments) == 1 else None
    if commands is None or not commands.is_file():
        print("check_without_gil: a build folder with a compile_commands.json was expected")
        return 2
    entries = [e for e in json.loads(commands.read_text()) if TARGETS.search(e["command"])]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = [text for text in pool.map(failure, entries) if text]
    print("\n".join(failures), end="")
    print(f"without the GIL: {len(entries) - len(failures)} of {len(entries)} files compile")
    return 0 if entries and not failures else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
