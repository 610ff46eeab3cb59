"""look/__init__.py: hpystate.inspect() and hpystate.snapshot(): what each interpreter has.

    print(hpystate.inspect())                      # this interpreter in full, counts of the others
    hpystate.inspect(all=True).to_html("now.html")
    before = hpystate.snapshot()
    ...
    print(hpystate.snapshot().diff(before))

Objects of another interpreter belong to its threads: their types and texts are read by code that
runs there, which all=True asks for (look/read.py). docs/inspect.md has the fields.
"""

from __future__ import annotations

import json
import os
from typing import Any

from hpystate.look.read import label, read
from hpystate.look.snapshot import Diff, Snapshot

__all__ = ["Diff", "Inspection", "Snapshot", "inspect", "snapshot"]


class Inspection:
    """What was found: plain data, no object of an extension is kept.

    found  a dict that JSON can hold: hpystate, python, interpreter (who read), regions (how many
           are live, dying, free), images (counts of the process's private images; None: the
           reader has none) and interpreters: a list of dicts, with a list of globals in each
    """

    def __init__(self, found: dict[str, Any]) -> None:
        self.found = found

    @property
    def interpreters(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.found["interpreters"]
        return rows

    def to_dict(self) -> dict[str, Any]:
        return self.found

    def to_json(self) -> str:
        return json.dumps(self.found, indent=2)

    def to_html(self, path: str | os.PathLike[str]) -> None:
        """Writes a page of one file, which fetches nothing. Raises OSError."""
        from hpystate.look.html import page

        with open(path, "w", encoding="utf-8") as file:
            file.write(page(self.found))

    def __str__(self) -> str:
        lines = []
        for each in self.interpreters:
            size = "" if each["bytes"] is None else f", {each['bytes']} bytes of objects"
            lines.append(
                f"interpreter {each['interpreter']}: {each['values']} of {each['slots']} globals "
                f"are set{size}, window {each['window_bytes']} bytes"
            )
            if each["why"] is not None:
                lines.append(f"  values were not read: {each['why']}")
            for image in each["images"] or ():
                lines.append(
                    f"  image of {image['file']}: {image['shared']} bytes shared with the file, "
                    f"{image['private']} private"
                )
            for row in each["globals"]:
                value = "is set" if row["type"] is None else f"{row['type']}: {row['repr']}"
                lines.append(f"  {label(row)}: {value if row['set'] else 'nothing'}")
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"<hpystate.Inspection of {len(self.interpreters)} interpreters>"


def inspect(*, all: bool = False) -> Inspection:
    """Reads the calling interpreter in full, and which globals of the others are set.

    all  runs code in each other interpreter, on this thread, to read its values too; one that is
         at work, as the main interpreter and those of a pool, is left as it is and the reason is
         in its row. repr() of the values runs, so it may be any code of theirs.

    Raises SystemError where the calling interpreter is at its end.
    """
    return Inspection(read(all))


def snapshot(*, all: bool = False) -> Snapshot:
    """The same as counts, sizes and addresses, to compare with a later one: Snapshot.diff()."""
    return Snapshot(read(all, texts=False))
