"""package_rows.py: the list of `make packages`, tests/packages/packages.json, as data that is
checked.

    "quick"     the names of `--quick`
    "standard"  {version of Python: modules of the standard library that it refuses in interpreters
                with a GIL of their own}; they are isolated beside the package
    "packages"  {name for pip: an entry}

An entry: "version", the one that is installed, and "modules", names or patterns of fnmatch of what
is compiled and must be private images. It may have: "kind", what it is made with; "beside", what
pip has to install too; "environment", variables for the process; "not on", {version of Python: why
it is left out there}; "refused", why hpystate's own table (python/hpystate/images/packages.json)
refuses it: then it must be refused; "empty", built-in modules that the package imports and CPython
refuses in such interpreters: they get an empty module of that name; "open",
{version of Python: what is known of a failure}: a run that meets it still fails.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "packages"
LIST = FOLDER / "packages.json"
#: Key of an entry -> the type of its value.
KEYS: dict[str, type] = {
    "version": str,
    "modules": list,
    "kind": str,
    "beside": list,
    "environment": dict,
    "not on": dict,
    "refused": str,
    "empty": list,
    "open": dict,
}
NEEDED = ("version", "modules")


@dataclass(frozen=True)
class Row:
    name: str
    version: str
    modules: tuple[str, ...]
    kind: str
    beside: tuple[str, ...]
    environment: dict[str, str]
    not_on: dict[str, str]
    refused: str
    empty: tuple[str, ...]
    open: dict[str, str]
    workloads: Path = FOLDER / "workloads"

    @property
    def requirement(self) -> str:
        return f"{self.name}=={self.version}"

    @property
    def workload(self) -> Path:
        return self.workloads / f"{re.sub(r'[-.]', '_', self.name)}.py"


@dataclass(frozen=True)
class Listed:
    rows: dict[str, Row]
    quick: tuple[str, ...]
    standard: dict[str, tuple[str, ...]]


def row_of(name: str, entry: dict[str, Any], where: str) -> Row:
    """Raises ValueError that names the file, the entry and what was expected."""
    for key, value in entry.items():
        if key not in KEYS:
            raise ValueError(f"{where}: {name}: {key!r}: one of {', '.join(KEYS)} was expected")
        if not isinstance(value, KEYS[key]):
            kind = KEYS[key].__name__
            raise ValueError(f"{where}: {name}: {key!r} is {value!r}: a {kind} was expected")
    if missing := [key for key in NEEDED if not entry.get(key)]:
        raise ValueError(f"{where}: {name}: {missing[0]!r} was expected and is missing")
    return Row(
        name,
        entry["version"],
        tuple(entry["modules"]),
        entry.get("kind", "C"),
        tuple(entry.get("beside", ())),
        entry.get("environment", {}),
        entry.get("not on", {}),
        entry.get("refused", ""),
        tuple(entry.get("empty", ())),
        entry.get("open", {}),
    )


def read(path: Path = LIST) -> Listed:
    """Raises ValueError where the list is not as it should be."""
    document = json.loads(path.read_text())
    rows = {name: row_of(name, entry, path.name) for name, entry in document["packages"].items()}
    quick = tuple(document["quick"])
    if unknown := [name for name in quick if name not in rows]:
        raise ValueError(f"{path.name}: quick: {', '.join(unknown)}: not in the list of packages")
    standard = {version: tuple(names) for version, names in document["standard"].items()}
    return Listed(rows, quick, standard)
