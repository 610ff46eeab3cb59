"""tidy.py [FILE...]: run-clang-tidy on the runtime, by the compile commands of a dev build.

Without files: every file of a room (runtime/rooms.txt). The build is $HPYSTATE_BUILD, which
tools/setup.sh sets, or else the dev build that was configured last. Exit status 1 after findings,
which are printed; 2 where there is no build.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from rooms import ROOT, read_rooms, room_of

#: clang does not know this flag of g++, and refuses it.
UNKNOWN = " -fno-gnu-unique"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
#: run-clang-tidy prints each command, and clang-tidy how much it leaves out.
IDLE = re.compile(
    r"^\S*clang-tidy\S* -|\d+ warnings? (?:generated|treated)|^Suppressed |^Use -header"
)
#: clang 14 stops at CPython 3.13's own atomics, which it does not need with GCC's builtins.
BUILTINS = "-extra-arg=-D_Py_USE_GCC_BUILTIN_ATOMICS=1"


def build_folder() -> Path | None:
    named = os.environ.get("HPYSTATE_BUILD")
    if named:
        return Path(named)
    commands = ROOT.glob("build/dev*/compile_commands.json")
    newest = max(commands, key=lambda path: path.stat().st_mtime, default=None)
    return newest.parent if newest else None


def headers() -> str:
    """Those of include/ are written in C, and have another style."""
    folders = "|".join(room.path for room in read_rooms() if room.path != "include")
    return f"/({folders})/[a-z_]+\\.h$"


def entries_of(build: Path, files: set[str]) -> list[dict[str, str]]:
    """The compile commands of the rooms' files; of `files` alone where some are named."""
    rooms = read_rooms()
    found = []
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / "build"):
            continue
        name = path.relative_to(ROOT).as_posix()
        if path.suffix != ".cpp" or room_of(name, rooms) is None or (files and name not in files):
            continue
        found.append(entry | {"command": entry["command"].replace(UNKNOWN, "")})
    return found


def main(files: list[str]) -> int:
    build = build_folder()
    if build is None or not (build / "compile_commands.json").is_file():
        print("tidy: no compile commands; `make build` writes them, or `cmake --preset dev`")
        return 2
    if "/Unity/unity_" in (build / "compile_commands.json").read_text():
        print(
            f"tidy: {build} compiles the files of a room together; one command for each file "
            "was expected. `HPYSTATE_UNITY=OFF make build` makes it so"
        )
        return 2
    folder = build / "tidy"
    folder.mkdir(exist_ok=True)
    entries = entries_of(build, set(files))
    if not entries:
        print("tidy: none of these files belongs to a room" if files else "tidy: no file to check")
        return 0 if files else 2
    (folder / "compile_commands.json").write_text(json.dumps(entries, indent=1))
    command = ["run-clang-tidy", "-quiet", "-p", str(folder), f"-header-filter={headers()}"]
    # Its own default is a process for each core.
    run = subprocess.run([*command, BUILTINS], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        # Of each file: the command, then what was found, if anything was.
        lines = [COLOUR.sub("", line) for line in (run.stdout + run.stderr).splitlines()]
        print("\n".join(line for line in lines if line and not IDLE.search(line)))
        return 1
    print(f"tidy: {len({entry['file'] for entry in entries})} files, ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
