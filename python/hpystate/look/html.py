"""html.py: an Inspection as a page of one file: two tables, and one of private images where an
interpreter has some; nothing to fetch, no script."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from hpystate.look.read import label

INTERPRETERS = ("interpreter", "modules", "slots", "values", "window_bytes", "bytes", "why")
GLOBALS = ("interpreter", "global", "module", "set", "type", "repr", "bytes", "file", "offset")
IMAGES = ("interpreter", "file", "name", "libraries", "shared", "private")

_STYLE = """
body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; }
table { border-collapse: collapse; margin: 1em 0 2em; }
th, td { border: 1px solid #8888; padding: .2em .6em; text-align: left; overflow-wrap: anywhere; }
td { font-family: ui-monospace, monospace; font-size: 13px; }
@media (prefers-color-scheme: dark) { body { background: #181818; color: #ddd; } }
"""


def text_of(value: object) -> str:
    """What a cell has for a value of the dict."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def rows_of_globals(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The second table: a row for each global of each interpreter."""
    return [
        row | {"interpreter": each["interpreter"], "global": label(row)}
        for each in found["interpreters"]
        for row in each["globals"]
    ]


def rows_of_images(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The third table: a row for each private image of the interpreters that were read."""
    return [
        row | {"interpreter": each["interpreter"]}
        for each in found["interpreters"]
        for row in each["images"] or ()
    ]


def _table(name: str, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> str:
    heads = "".join(f'<th scope="col">{column.replace("_", " ")}</th>' for column in columns)
    lines = [f'<table id="{name}">', f"<thead><tr>{heads}</tr></thead>", "<tbody>"]
    for row in rows:
        cells = "".join(f"<td>{html.escape(text_of(row[column]))}</td>" for column in columns)
        lines.append(f"<tr>{cells}</tr>")
    return "\n".join([*lines, "</tbody>", "</table>"])


def page(found: dict[str, Any]) -> str:
    phases = ", ".join(f"{count} {phase}" for phase, count in found["regions"].items())
    about = f"hpystate {found['hpystate']}, CPython {found['python']}; regions: {phases}; "
    about += f"read in interpreter {found['interpreter']}"
    images = rows_of_images(found)
    third = ["<h2>Private images</h2>", _table("images", IMAGES, images)] if images else []
    return "\n".join(
        [
            '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>hpystate: what interpreters hold</title>\n<style>{_STYLE}</style>\n</head>",
            f"<body>\n<h1>What interpreters hold</h1>\n<p>{html.escape(about)}</p>",
            "<h2>Interpreters</h2>",
            _table("interpreters", INTERPRETERS, found["interpreters"]),
            "<h2>Globals</h2>",
            _table("globals", GLOBALS, rows_of_globals(found)),
            *third,
            "</body>\n</html>\n",
        ]
    )
