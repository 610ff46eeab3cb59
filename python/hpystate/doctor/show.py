"""show.py: verdicts for people, as a table and details by module, and for programs, as JSON."""

from __future__ import annotations

import dataclasses
import platform
from collections import Counter
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table

import hpystate
from hpystate.doctor.verdict import VERDICTS, Verdict

_COLOURS = {"ready": "green", "declare only": "cyan", "port": "yellow", "cannot": "red"}
_MOST_STATICS = 12  # of a module's, on the terminal


def as_json(name: str, verdicts: list[Verdict]) -> dict[str, Any]:
    """What --json prints; `modules` has the fields of Verdict."""
    return {
        "hpystate": hpystate.__version__,
        "python": platform.python_version(),
        "name": name,
        "counts": counts(verdicts),
        "modules": [dataclasses.asdict(each) for each in verdicts],
    }


def counts(verdicts: list[Verdict]) -> dict[str, int]:
    counted = Counter(each.verdict for each in verdicts)
    return {verdict: counted[verdict] for verdict in VERDICTS}


def show(console: Console, verdicts: list[Verdict]) -> None:
    if len(verdicts) == 1:
        _details(console, verdicts[0])
    else:
        console.print(_table(verdicts))
        for each in _first_of_each(verdicts):
            _details(console, each)
        console.print(
            "python -m hpystate doctor MODULE shows the details of another one", highlight=False
        )
    numbers = ", ".join(f"{number} {verdict}" for verdict, number in counts(verdicts).items())
    console.print(f"{len(verdicts)} module{'s' * (len(verdicts) != 1)}: {numbers}", highlight=False)


def _first_of_each(verdicts: list[Verdict]) -> list[Verdict]:
    """The first of each verdict but "ready": a package may have forty modules."""
    found: dict[str, Verdict] = {}
    for each in verdicts:
        if each.verdict != "ready":
            found.setdefault(each.verdict, each)
    return list(found.values())


def _table(verdicts: list[Verdict]) -> Table:
    table = Table(title="extension modules and interpreters with a GIL of their own")
    for heading in ("module", "verdict", "certainty", "why"):
        table.add_column(heading, overflow="fold")
    for each in verdicts:
        colour = _COLOURS[each.verdict]
        row = (each.module, each.certainty, escape("; ".join(each.why)))
        table.add_row(row[0], f"[{colour}]{each.verdict}[/]", *row[1:])
    return table


def _details(console: Console, each: Verdict) -> None:
    colour = _COLOURS[each.verdict]
    console.print(f"{escape(each.module)}: [bold {colour}]{each.verdict}[/]", highlight=False)
    rows = [("certainty", each.certainty), *(("why", why) for why in each.why)]
    rows += each.layers.items()
    rows += [
        ("", f"{static['name']}: {static['type']} ({static['step']})")
        for static in each.statics[:_MOST_STATICS]
    ]
    if len(each.statics) > _MOST_STATICS:
        rows.append(("", f"and {len(each.statics) - _MOST_STATICS} more; --json has all"))
    rows += [("hint", hint) for hint in each.hints]
    if each.isolate:
        rows.append(("isolate", each.isolate))
    if each.exercise_failed is not None:
        rows.append(("--exercise", each.exercise_failed))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, min_width=17)
    grid.add_column(overflow="fold")
    for key, text in rows:
        grid.add_row(key, escape(text))
    # What is copied into a shell stays in one line.
    for key, text in (("file", each.file), ("next", each.next)):
        if key == "next":
            console.print(Padding(grid, (0, 0, 0, 2), expand=False))
        console.print(f"  {key:<17}  {escape(text)}", highlight=False, soft_wrap=True)
