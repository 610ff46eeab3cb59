"""packages_table.py: the tables of docs/packages.md, from what tools/packages.py wrote."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from package_rows import FOLDER
from package_trials import OUTCOMES, SITUATIONS
from pyglobal_tables import lines_of

RESULTS = FOLDER / "results"
Document = dict[str, Any]


def runs(folder: Path = RESULTS) -> dict[str, Document]:
    """Version of Python -> its results, the newest version first."""

    def version(file: Path) -> list[int]:
        return [int(part) for part in re.findall(r"\d+", file.stem)]

    files = sorted(folder.glob("*.json"), key=version, reverse=True)
    return {file.stem: json.loads(file.read_text()) for file in files}


def listed(counted: Counter[str]) -> str:
    return ", ".join(f"{counted[each]} {each}" for each in OUTCOMES if counted[each])


def summary() -> str:
    """A row for each Python: how many packages, and what became of them."""
    rows = []
    for document in runs().values():
        packages = document["packages"].values()
        found = {
            situation: Counter(each[situation]["outcome"] for each in packages if situation in each)
            for situation in SITUATIONS
        }
        compared = sum(package["images"].get("right", 0) for package in packages)
        cells = [listed(found[situation]) or "not tried" for situation in SITUATIONS]
        rows.append([document["python"], str(len(packages)), *cells, f"{compared:,}"])
    headings = ["CPython", "packages", *SITUATIONS.values(), "results that were equal, with images"]
    return lines_of(headings, rows)


def settings() -> str:
    rows = [
        [
            document["python"],
            document["hpystate"],
            " to ".join(dict.fromkeys(sorted({p["date"] for p in document["packages"].values()}))),
            document["machine"],
            str(document["interpreters"]),
        ]
        for document in runs().values()
    ]
    return lines_of(["CPython", "hpystate", "date", "machine", "interpreters"], rows)


def outcome(package: Document | None, situation: str) -> str:
    if package is None or situation not in package:
        return "not tried"
    found = package[situation]
    if found["outcome"] == "crashed":
        return f"crashed ({found['detail'].partition(' ')[0].rstrip(':')})"
    return found["outcome"]


def titled(name: str, package: Document) -> str:
    empty = ", ".join(f"`{module}`" for module in package["empty"])
    return f"{name} {package['version']}" + (f" (with an empty module {empty})" if empty else "")


def of_packages() -> str:
    """A row for each package: private images on every Python, the controls on the newest."""
    documents = runs()
    if not documents:
        return lines_of(["package"], [])
    newest = next(iter(documents))
    names = dict.fromkeys(name for each in documents.values() for name in each["packages"])
    rows = []
    for name in names:
        of = {stem: document["packages"].get(name) for stem, document in documents.items()}
        package = next(each for each in of.values() if each is not None)
        rows.append(
            [
                titled(name, package),
                package["kind"],
                *(outcome(each, "images") for each in of.values()),
                outcome(of[newest], "plain"),
                outcome(of[newest], "shared"),
            ]
        )
    images = [f"{stem}: private images" for stem in documents]
    controls = [f"{newest}: {SITUATIONS[each]}" for each in ("plain", "shared")]
    return lines_of(["package", "made with", *images, *controls], rows)


def outcomes() -> str:
    return lines_of(["word", "means"], [[word, meaning] for word, meaning in OUTCOMES.items()])


PACKAGES_TABLES: dict[str, Callable[[], str]] = {
    "packages summary": summary,
    "packages settings": settings,
    "packages in images": of_packages,
    "packages outcomes": outcomes,
}
