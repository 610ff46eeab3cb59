"""evaluate_tables.py: the tables of docs/evaluation.md, from what `make evaluate` wrote."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pyglobal_tables import lines_of

ROOT = Path(__file__).resolve().parents[1]
EVALUATED = ROOT / "bench" / "evaluated"
PLOT = "evaluation-memory.svg"
Document = dict[str, Any]

sys.path.append(str(ROOT / "bench"))
from rows import COLUMNS, PROGRAMS, C  # noqa: E402

#: The groups of bench/rows.py that are calls, and not loops in Python or programs.
CALLS = ("reaching a value", "fused calls of a global", "calls from C")
#: After so many interpreters, of a whole run, the table of memory has a column.
MARKS = (100, 200, 500, 1000)


def file_of(document: Document) -> Path:
    return EVALUATED / f"{document['setting']['CPython']}.json"


def evaluated() -> list[Document]:
    """One for each version of CPython, in their order."""

    def version(file: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", file.stem)]

    return [json.loads(file.read_text()) for file in sorted(EVALUATED.glob("*.json"), key=version)]


def _having(documents: list[Document], part: str) -> list[tuple[str, Any]]:
    """(version of CPython, what the step found), of the runs that have the step."""
    return [(each["setting"]["CPython"], each[part]) for each in documents if part in each]


def settings(documents: list[Document]) -> str:
    found = [document["setting"] for document in documents]
    headings = [name for name in found[0] if name != "run"] if found else []
    rows = [[*(each[name] for name in headings), _runs(each["run"])] for each in found]
    return lines_of([*headings, "run"], rows)


def _runs(by_step: dict[str, str]) -> str:
    """ "whole", or which steps were quick."""
    quick = [step for step, run in by_step.items() if run == "quick"]
    return f"quick: {', '.join(quick)}" if quick else "whole"


def isolation(documents: list[Document]) -> str:
    rows = []
    for python, found in _having(documents, "isolation"):
        each = found["interpreters"]
        ended = [one for one in each if one["id"] != 0]
        made = sum(one["objects_created"] for one in ended)
        freed = sum(one["objects_released"] for one in ended)
        rows.append(
            [
                python,
                found["runtime"],
                f"{len(each)}",
                f"{sum(one['loads'] for one in each):,}",
                f"{sum(one['wrong'] for one in each):,}",
                f"{freed:,} of {made:,}",
                found["isolation"],
                f"{found['speed_up']['interpreters']:.2f}",
            ]
        )
    for python, found in _having(documents, "upstream"):
        problem = _one_line(found["problems"][0]) if found["problems"] else ""
        verdict = found["isolation"] + (f": {problem}" if problem else "")
        rows.append([python, found["runtime"], "", "", "", "", verdict, ""])
    headings = ["interpreters", "loads", "wrong", "objects released", "isolation"]
    return lines_of(["CPython", "runtime", *headings, "two interpreters over one"], rows)


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def memory(documents: list[Document]) -> str:
    """MiB (Pss) at some counts of interpreters, and what each leaves."""
    rows = []
    counts: list[int] = []
    for python, found in _having(documents, "memory"):
        last = found["interpreters"]
        marks = [0, *(mark for mark in MARKS if mark <= last)]
        counts = marks if len(marks) > len(counts) else counts
        for name, way in found["ways"].items():
            sizes = {each["interpreters"]: each for each in way["curve"]}
            cells = [f"{sizes[mark]['pss'] / 1024:,.1f}" for mark in marks]
            private = f"{way['curve'][-1]['private'] / 1024:,.1f}"
            rows.append([python, name, *cells, private, f"{way['KiB_each']:,.0f}"])
    headings = [f"after {count:,}" for count in counts]
    return lines_of(["CPython", "state in", *headings, "private", "KiB each"], rows)


def calls(documents: list[Document]) -> str:
    """Instructions of each side of each row; those of a group are told by their titles."""
    rows = []
    for python, found in _having(documents, "bench"):
        for row in found["rows"]:
            if row["group"] not in CALLS:
                continue
            sides = [f"{side} {count:.0f}" for side, count in row["instructions"].items()]
            rows.append([python, row["group"], row["title"], "; ".join(sides)])
    return lines_of(["CPython", "what", "row", "instructions"], rows)


def programs(documents: list[Document]) -> str:
    """Two rows for each program, as bench/columns.py prints them; the C API is 1."""
    titles = {row.title for row in PROGRAMS}
    rows = []
    for python, found in _having(documents, "bench"):
        for row in found["rows"]:
            if row["title"] not in titles:
                continue
            counted, timed = row["instructions"], row["time_ratio"]
            cells = {
                "instructions": {side: number / counted[C] for side, number in counted.items()},
                "time": {side: ratio["median"] for side, ratio in timed.items()},
            }
            for measure, of_side in cells.items():
                one = f"1 ({counted[C]:,.0f})" if measure == "instructions" else "1"
                ratios = [
                    f"{of_side[side]:.2f}" if side in of_side else "" for side in COLUMNS.values()
                ]
                rows.append([python, row["title"], measure, one, *ratios])
    return lines_of(["CPython", "program", "measure", C, *COLUMNS], rows)


def bars(documents: list[Document]) -> str:
    """The bars that are missed, and how many are met."""
    rows = []
    for part in ("memory", "bench"):
        for python, found in _having(documents, part):
            missed = [bar["text"] for bar in found["bars"] if not bar["met"]]
            met = len(found["bars"]) - len(missed)
            rows.append([python, part, f"{met} of {len(found['bars'])}", "<br>".join(missed)])
    return lines_of(["CPython", "step", "met", "missed"], rows)


EVALUATE_TABLES: dict[str, Callable[[list[Document]], str]] = {
    "settings": settings,
    "isolation": isolation,
    "memory": memory,
    "calls": calls,
    "programs": programs,
    "bars": bars,
}


def as_page(document: Document) -> str:
    """All tables of one run."""
    version = document["setting"]["CPython"]
    parts = [f"# Evaluation on CPython {version}\n"]
    parts += [f"## {name}\n\n{table([document])}" for name, table in EVALUATE_TABLES.items()]
    return "\n".join(parts)
