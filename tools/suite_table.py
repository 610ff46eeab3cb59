"""suite_table.py: the table of docs/plugin.md, from what tools/suite_packages.py wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pyglobal_tables import lines_of

RESULTS = Path(__file__).resolve().parents[1] / "tests" / "plugin" / "results"


def _differed(package: dict[str, Any]) -> str:
    """Files that were not collected apart: a module that is refused leaves out all their tests."""
    rows = package["differed"]
    files = sum(row["main"] == "collected" for row in rows)
    parts = [_counted(len(rows) - files, "test")]
    if files:
        parts.append(f"{_counted(files, 'file')} not collected")
    if package["end of the process"]:
        parts.append(f"the process {package['end of the process']}")
        parts.append(f"{_counted(package['not reached'], 'test')} not reached")
    return ", ".join(parts)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def suites() -> str:
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        document = json.loads(path.read_text())
        for name, package in document["packages"].items():
            refused = ", ".join(f"`{each['module']}`" for each in package["refused"]) or "none"
            row = (f"{name} {package['version']}", f"{package['tests']:,}", _differed(package))
            rows.append([document["python"], *row, refused])
    return lines_of(["CPython", "package", "tests in main", "differed", "refused"], rows)
