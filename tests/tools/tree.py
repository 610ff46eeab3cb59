"""tree.py: a small tree of the project's shape, for tests of the tools that check it."""

from __future__ import annotations

import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: The list of the rooms, in each tree.
LIST = "runtime/rooms.txt"


def make_tree(tree: Path, tool: str, rooms: tuple[str, ...]) -> None:
    """Copies a tool of tools/, with what it imports, and makes a folder for each of the rooms:
    lines of the list."""
    (tree / "tools").mkdir()
    for name in ("rooms.py", tool):
        shutil.copy(ROOT / "tools" / name, tree / "tools" / name)
    for room in rooms:
        (tree / room.split()[0]).mkdir(parents=True)
    (tree / LIST).write_text("".join(f"{room}\n" for room in rooms))
