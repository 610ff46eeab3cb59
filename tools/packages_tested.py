"""packages_tested.py: writes what `make packages` found right into hpystate's table of packages.

The table is python/hpystate/images/packages.json. Each import name of a package gets a member
"tested", with the newest run on each version of Python.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from package_rows import ROOT

TABLE = ROOT / "python" / "hpystate" / "images" / "packages.json"
Table = dict[str, dict[str, Any]]
#: Folders that packages of several authors share: the name below it is the package.
SHARED = {"google", "zope"}


def import_names(modules: list[str]) -> list[str]:
    """The packages of the modules; a pattern names none that a user would type."""
    names = {}
    for module in modules:
        parts = module.split(".")
        if all(part.isidentifier() for part in parts):
            names[".".join(parts[: 2 if parts[0] in SHARED else 1])] = None
    return list(names)


def with_tested(table: Table, document: dict[str, Any]) -> Table:
    """The table with what a document of results has as right, one object for each Python."""
    made = {name: dict(entry) for name, entry in table.items()}
    for package in document["packages"].values():
        if package["expected"] != "right" or package["images"]["outcome"] != "right":
            continue
        row = {
            "version": package["version"],
            "python": document["python"],
            "how": f"{document['interpreters']} interpreters at once, {package['date']}",
        }
        for name in import_names(package["modules"]):
            entry = made.setdefault(name, {})
            others = [each for each in entry.get("tested", []) if each["python"] != row["python"]]
            entry["tested"] = sorted([*others, row], key=lambda each: _numbers(each["python"]))
    return made


def _numbers(version: str) -> list[int]:
    return [int(part) for part in version.split(".") if part.isdigit()]


def text_of(table: Table) -> str:
    """JSON with a line for each member, and one for each object that is in a list."""
    entries = []
    for name, entry in table.items():
        members = ",\n".join(
            f"    {json.dumps(key)}: {_value(each)}" for key, each in entry.items()
        )
        entries.append(f"  {json.dumps(name)}: {{\n{members}\n  }}")
    return "{\n" + ",\n".join(entries) + "\n}\n"


def _value(value: object) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        rows = ",\n".join(f"      {json.dumps(each)}" for each in value)
        return f"[\n{rows}\n    ]"
    return json.dumps(value, ensure_ascii=False)


def write(document: dict[str, Any], file: Path = TABLE) -> None:
    file.write_text(text_of(with_tested(json.loads(file.read_text()), document)))
