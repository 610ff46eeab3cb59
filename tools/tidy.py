"""tidy.py [FILE...]: clang-tidy on the runtime, by the compile commands of a dev build.

Most checks look at all files of a room at once: a source that includes them is read in the time of
two or three files. The others (ALONE_CHECKS) look at each file, and so does every check at the
files of runtime/alone.txt.

Without files: every room (runtime/rooms.txt). With files: these, and their rooms. The build is
$HPYSTATE_BUILD, which tools/setup.sh sets, or else the dev build that was configured last. Exit
status 1 after findings, which are printed; 2 where there is no build.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rooms import ROOT, read_rooms, room_of

#: clang does not know this flag of g++, and refuses it.
UNKNOWN = " -fno-gnu-unique"
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
#: How much clang-tidy leaves out, and how many warnings there were.
IDLE = re.compile(r"^\d+ warnings? (?:generated|treated)|^Suppressed |^Use -header")
#: The analyzer follows the paths of one file; a source that is included is suspicious; and what one
#: file does not use, a neighbour may.
ALONE_CHECKS = "clang-analyzer-*,bugprone-suspicious-include,misc-unused-*"
#: clang 14 stops at CPython 3.13's own atomics, which it does not need with GCC's builtins.
BUILTINS = "-extra-arg=-D_Py_USE_GCC_BUILTIN_ATOMICS=1"


def build_folder() -> Path | None:
    named = os.environ.get("HPYSTATE_BUILD")
    if named:
        return Path(named)
    commands = ROOT.glob("build/dev*/compile_commands.json")
    newest = max(commands, key=lambda path: path.stat().st_mtime, default=None)
    return newest.parent if newest else None


def own_files() -> str:
    """The headers of include/ are written in C, and have another style."""
    folders = "|".join(room.path for room in read_rooms() if room.path != "include")
    return f"/({folders})/[a-z_]+\\.(h|cpp)$"


@dataclass(frozen=True)
class Job:
    """One run of clang-tidy."""

    file: str
    checks: str  # added to those of .clang-tidy
    command: dict[str, str]
    size: int


def entries_of(build: Path) -> dict[str, dict[str, str]]:
    """A compile command for each file of the rooms; its key is the file's path in the project."""
    rooms = read_rooms()
    found: dict[str, dict[str, str]] = {}
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = Path(entry["directory"], entry["file"]).resolve()
        if not path.is_relative_to(ROOT) or path.is_relative_to(ROOT / "build"):
            continue
        name = path.relative_to(ROOT).as_posix()
        if path.suffix == ".cpp" and room_of(name, rooms) is not None:
            found.setdefault(name, entry | {"command": entry["command"].replace(UNKNOWN, "")})
    return found


def files_alone() -> list[str]:
    lines = (ROOT / "runtime" / "alone.txt").read_text().splitlines()
    return [line.split()[0] for line in lines if line and not line.startswith("#")]


def jobs_of(entries: dict[str, dict[str, str]], named: set[str], folder: Path) -> list[Job]:
    """What there is to do for these files, or for all; the sources of rooms are written here."""
    alone = set(files_alone())
    jobs = []
    rooms: dict[str, list[str]] = {}
    for name, entry in entries.items():
        if name not in alone:
            rooms.setdefault(name.rpartition("/")[0], []).append(name)
        if name in named or not named:
            checks = "" if name in alone else f"-*,{ALONE_CHECKS}"
            jobs.append(Job(entry["file"], checks, entry, Path(entry["file"]).stat().st_size))
    for room, names in rooms.items():
        if named and named.isdisjoint(names):
            continue
        source = folder / f"{room.replace('/', '_')}.cpp"
        files = [entries[name]["file"] for name in sorted(names)]
        source.write_text("".join(f'#include "{file}"\n' for file in files))
        first = entries[names[0]]
        command = first["command"].replace(first["file"], str(source))
        without = ",".join(f"-{check}" for check in ALONE_CHECKS.split(","))
        size = sum(Path(file).stat().st_size for file in files)
        jobs.append(
            Job(str(source), without, first | {"file": str(source), "command": command}, size)
        )
    return jobs


def check(job: Job, folder: Path) -> list[str]:
    """What clang-tidy finds."""
    command = ["clang-tidy", "-quiet", f"-p={folder}", f"-config-file={ROOT / '.clang-tidy'}"]
    command += [f"-header-filter={own_files()}", f"-checks={job.checks}", BUILTINS, job.file]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode == 0:
        return []
    lines = [COLOUR.sub("", line) for line in (run.stdout + run.stderr).splitlines()]
    return [line for line in lines if line and not IDLE.search(line)] or [
        f"{job.file}: clang-tidy ended with status {run.returncode} and printed nothing"
    ]


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
    folder = (build / "tidy").resolve()
    folder.mkdir(exist_ok=True)
    entries = entries_of(build)
    named = {name for name in files if name in entries}
    if not entries or (files and not named):
        print("tidy: none of these files belongs to a room" if files else "tidy: no file to check")
        return 0 if files else 2
    jobs = jobs_of(entries, named, folder)
    commands = [job.command for job in jobs]
    (folder / "compile_commands.json").write_text(json.dumps(commands, indent=1))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        # The longest first: a room would otherwise run alone at the end.
        ordered = sorted(jobs, key=lambda job: -job.size)
        found = [
            line for lines in pool.map(lambda job: check(job, folder), ordered) for line in lines
        ]
    if found:
        print("\n".join(found))
        return 1
    print(f"tidy: {len(named or entries)} files, ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
