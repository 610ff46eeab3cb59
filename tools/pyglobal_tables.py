"""pyglobal_tables.py: the tables of docs/pyglobal.md, from what `make bench-pyglobal` wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "bench" / "pyglobal" / "results"
Document = dict[str, Any]


def lines_of(headings: list[str], rows: list[list[str]]) -> str:
    ruled = [headings, ["---"] * len(headings), *rows]
    return "".join(f"| {' | '.join(row)} |\n" for row in ruled)


def runs() -> list[Document]:
    """One for each version of CPython, in their order."""

    def version(file: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", file.stem)]

    files = sorted(RESULTS.glob("pyglobal-*.json"), key=version)
    return [json.loads(file.read_text()) for file in files]


def settings() -> str:
    found = [document["setting"] for document in runs()]
    headings = list(found[0]) if found else []
    return lines_of(headings, [[setting[name] for name in headings] for setting in found])


def _columns(measures: tuple[str, ...]) -> list[str]:
    return [f"{run['setting']['CPython']}: {measure}" for run in runs() for measure in measures]


def _cells(side: dict[str, Any], group: str) -> tuple[str, str]:
    """Of one side: its instructions and its time; "" where that was not measured."""
    if group == "loads":
        counted = f"{side['instructions']:.1f}" if "instructions" in side else ""
        return counted, f"{side['ns']:.1f}" if "ns" in side else ""
    counted = f"{side['of_static']:.3f}" if "of_static" in side else ""
    return counted, f"{side['time_ratio']['median']:.3f}" if "time_ratio" in side else ""


def _rows(group: str) -> list[list[str]]:
    rows: dict[tuple[str, str], list[str]] = {}
    for run in runs():
        for row in run["rows"]:
            if row["group"] != group:
                continue
            for name, side in row["sides"].items():
                rows.setdefault((row["title"], name), []).extend(_cells(side, group))
    first = group != "loads"
    return [
        [
            *([title] if first else []),
            f"`{name}`" if "_" in name and " " not in name else name,
            *row,
        ]
        for (title, name), row in rows.items()
    ]


def loads() -> str:
    return lines_of(["", *_columns(("instructions", "ns"))], _rows("loads"))


def pi() -> str:
    of_static = ("instructions", "time")
    return lines_of(["pi", "objects in (C static is 1)", *_columns(of_static)], _rows("pi"))


def headers() -> str:
    found = runs()
    rows = [
        [
            each["title"],
            *(
                f"{run['headers'][i]['lines']:,}; {run['headers'][i]['time_ratio']:.2f}"
                for run in found
                if run["headers"]
            ),
        ]
        for i, each in enumerate(found[0]["headers"] if found else [])
    ]
    versions = [run["setting"]["CPython"] for run in found if run["headers"]]
    titles = [f"{version}: lines; time to compile, of Python.h" for version in versions]
    sizes = [
        [f"code of the decimal type, {side}", *(f"{run['code'][side]:,} bytes" for run in found)]
        for side in (found[0]["code"] if found else {})
    ]
    return lines_of(["a file that includes", *titles], rows + sizes)


def bars() -> str:
    rows = [
        [run["setting"]["CPython"], "; ".join(part.strip() for part in bar["text"].split(";"))]
        for run in runs()
        for bar in run["bars"]
    ]
    return lines_of(["CPython", "bar"], rows)


PYGLOBAL_TABLES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "loads": loads,
    "pi": pi,
    "headers": headers,
    "bars": bars,
}
