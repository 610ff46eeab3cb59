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
    files = [row for row in rows if row["main"] == "collected"]
    parts = [f"{len(rows) - len(files)} tests"]
    if files:
        parts.append(f"{len(files)} files not collected")
    if package["end of the process"]:
        parts.append(f"the process {package['end of the process']}")
    return ", ".join(parts)


def suites() -> str:
    rows = []
    for path in sorted(RESULTS.glob("*.json")):
        document = json.loads(path.read_text())
        for name, package in document["packages"].items():
            refused = ", ".join(f"`{each['module']}`" for each in package["refused"]) or "none"
            row = (f"{name} {package['version']}", f"{package['tests']:,}", _differed(package))
            rows.append([document["python"], *row, refused])
    return lines_of(["CPython", "package", "tests in main", "differed", "refused"], rows)
