"""columns.py: the programs in columns, one for each way in which HPy can be compiled and run; the C
API is 1."""

from __future__ import annotations

import sys

from found import Found
from rich.table import Table
from rows import COLUMNS, C


def _cells(found: Found, measure: str) -> list[str]:
    """What a program takes, of its C API build; empty where there is no such build."""
    cells = []
    for side in COLUMNS.values():
        if side not in found.seconds:
            cells.append("")
        elif measure == "time":
            cells.append(f"{found.ratio(side, C).median:.2f}")
        else:
            cells.append(f"{found.instructions[side] / found.instructions[C]:.2f}")
    return cells


def table(programs: list[Found]) -> Table:
    """Two rows for each program: instructions, and the median of the time ratios."""
    made = Table(
        title=f"programs: instructions and time, of those of the C API build; "
        f"CPython {sys.version.split()[0]}"
    )
    made.add_column("program")
    made.add_column("measure")
    made.add_column("C API", justify="right")
    for heading in COLUMNS:
        made.add_column(heading, justify="right")
    for found in programs:
        counted = f"1 ({found.instructions[C]:,.0f})"
        made.add_row(found.row.title, "instructions", counted, *_cells(found, "instructions"))
        made.add_row("", "time", "1", *_cells(found, "time"), end_section=True)
    return made
