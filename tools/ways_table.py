"""ways_table.py: the tables of docs/interpreters-or-threads.md, from what bench/ways.py wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyglobal_tables import lines_of

RESULT = Path(__file__).resolve().parents[1] / "bench" / "ways" / "ways.json"
Document = dict[str, Any]

#: What no number tells: way -> what extensions need, what is shared.
WORDS = {
    "threads": (
        "locks around what they change; the slot `Py_mod_gil`, or the GIL is back",
        "every object, every module",
    ),
    "interpreters": (
        "no object in a C static; the slot `Py_mod_multiple_interpreters`",
        "code of C, memory of C statics; no objects",
    ),
    "processes": ("nothing", "nothing; objects are pickled and sent"),
}


def _scaling(column: Document, name: str) -> str:
    found = column["scaling"].get(name)
    return "-" if found is None else f"{found:.2f}"


def ways() -> str:
    columns = json.loads(RESULT.read_text())["columns"]
    reference = columns[1]["about"]["version"]
    rows = {
        "memory of the first, MiB": [f"{c['memory']['first'] / 1024:.1f}" for c in columns],
        "of each more, MiB": [f"{c['memory']['each'] / 1024:.1f}" for c in columns],
        "start of the first, ms": [f"{c['startup']:.0f}" for c in columns],
        "one more, made and ended, ms": [f"{c['start']:.1f}" for c in columns],
        f"time of one thread, of that of {reference}": [f"{c['single']:.2f}" for c in columns],
        "two at once against one, objects of their own": [
            _scaling(c, "own, clock") for c in columns
        ],
        "the same by processor time": [_scaling(c, "own, processor") for c in columns],
        "two at once against one, the same list and dict": [
            _scaling(c, "same, clock") for c in columns
        ],
        "what an extension needs": [WORDS[c["way"]][0] for c in columns],
        "what is shared": [WORDS[c["way"]][1] for c in columns],
    }
    return lines_of(
        ["", *(column["title"] for column in columns)],
        [[title, *cells] for title, cells in rows.items()],
    )


def setting() -> str:
    """The machine and how each CPython was compiled."""
    document = json.loads(RESULT.read_text())
    pythons = {
        f"{c['about']['version']}{'t' if c['about']['without_gil'] else ''}": c["about"]
        for c in document["columns"]
    }
    compiled = "; ".join(
        f"{name} by {about['compiler']} with {' '.join(about['flags'])}"
        f"{' and a profile' if about['profile'] else ''}"
        for name, about in pythons.items()
    )
    return (
        f"{document['machine']}; a load of {document['load']:.0f}, so a busy machine. "
        f"Compiled: {compiled}. Medians of {document['rounds']} rounds.\n"
    )


WAYS_TABLES = {"ways": ways, "setting of ways": setting}
