"""rooms.py: reads runtime/rooms.txt, the one list of the runtime's rooms, for the checks.

Exit status 1 names each room that differs from the folders.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIST = Path("runtime/rooms.txt")
NESTED = ("include", "python")  # rooms whose folders inside are theirs
SOURCES = {".c", ".cpp", ".def", ".h", ".hpp"}
LINE = re.compile(r"(?P<path>[\w/]+)\s+(?P<python>yes|no)\s+(?P<holds>\S.*)")


@dataclass(frozen=True)
class Room:
    path: str
    python_h: bool  #: may its files include Python.h?
    holds: str


class BadList(Exception):
    """A line of the list cannot be read."""


def read_rooms(root: Path = ROOT) -> list[Room]:
    """The rooms, the lowest first. Raises BadList, which names the line."""
    rooms: list[Room] = []
    for number, line in enumerate((root / LIST).read_text().splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        found = LINE.fullmatch(line)
        if found is None:
            raise BadList(
                f"{LIST}:{number}: expected `folder  yes|no  what it holds`, found {line!r}"
            )
        if any(room.path == found["path"] for room in rooms):
            raise BadList(f"{LIST}:{number}: {found['path']} is in the list twice; remove one line")
        rooms.append(Room(found["path"], found["python"] == "yes", found["holds"]))
    return rooms


def room_of(path: str, rooms: list[Room]) -> Room | None:
    """The innermost room that has a path of the tree."""
    inside = [room for room in rooms if path.startswith(room.path + "/")]
    return max(inside, key=lambda room: len(room.path), default=None)


def problems(root: Path, rooms: list[Room]) -> list[str]:
    """Rooms that are not in the tree, folders without a line, and sources outside of every room."""
    found = [
        f"{LIST}: {room.path} is not a folder; make it, or remove its line"
        for room in rooms
        if not (root / room.path).is_dir()
    ]
    listed = {room.path for room in rooms}
    tops = {path.split("/")[0] for path in listed} - set(NESTED)
    for folder in sorted(path for top in tops for path in [root / top, *(root / top).rglob("*")]):
        name = folder.relative_to(root).as_posix()
        if not folder.is_dir() or name in listed or "__pycache__" in name:
            continue
        if not any(path.startswith(name + "/") for path in listed):
            found.append(f"{name}/ is not in {LIST}; add a line where it belongs in the order")
            continue
        found += [
            f"{file.relative_to(root).as_posix()} is in no room; move it into one ({LIST})"
            for file in sorted(folder.iterdir())
            if file.is_file() and file.suffix in SOURCES
        ]
    return found


def main(arguments: list[str]) -> int:
    try:
        rooms = read_rooms()
    except BadList as error:
        print(error)
        return 1
    if arguments:
        print(f"rooms: {' '.join(arguments)}: no argument was expected")
        return 2
    found = problems(ROOT, rooms)
    print("\n".join(found) or "rooms: ok")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
