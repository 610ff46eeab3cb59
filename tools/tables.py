"""tables.py: the tables in the documents that are made from data.

tables.py           compares; exit status 1 names each that differs from its data
tables.py --write   writes them

A table is between two marks that name it, in the document that DOCUMENTS names.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from evaluate_tables import EVALUATE_TABLES, evaluated
from packages_table import PACKAGES_TABLES
from pyglobal_tables import PYGLOBAL_TABLES, lines_of
from rooms import read_rooms
from served_tables import SERVED
from suite_table import suites
from ways_table import WAYS_TABLES

ROOT = Path(__file__).resolve().parents[1]
STRESS = ROOT / "stress" / "results"
UPSTREAM = ROOT / "tests" / "upstream" / "results"
DOCTOR = ROOT / "tests" / "doctor" / "results" / "packages.json"
HOSTS = ROOT / "tests" / "hosts" / "results" / "hosts.json"
Document = dict[str, Any]
FUSED = re.compile(r"^HPY_FUSED(?:_OWN|_LOOK)?\([^,]+?, (\w+), \((.*?)\), \(", re.MULTILINE)
KINDS = {"main": "main", "legacy": "legacy subinterpreter", "own-gil": "own-GIL subinterpreter"}
ABIS = {
    "universal": ("universal",),
    "hybrid": ("hybrid",),
    "debug": ("debug", "hybrid+debug"),
    "trace": ("trace", "hybrid+trace"),
    "CPython": ("cpython",),
    "others": ("other",),
}


# ---- fused calls -------------------------------------------------------------------------------
def contracts() -> dict[str, str]:
    """The first sentence of each function's contract."""
    text = (ROOT / "include/hpystate/fused.h").read_text()
    pattern = r"/\*\* ((?:[^*]|\*(?!/))*?)\*/\nstatic inline [^;{]*?\b(\w+)\("
    found = {}
    for contract, name in re.findall(pattern, text):
        sentence = re.sub(r"\s*\n \*\s*", " ", contract).partition(". ")[0].partition("  ")[0]
        found[name] = sentence.strip().rstrip(".")
    return found


def fused_calls() -> str:
    rows = []
    sentences = contracts()
    for name, parameters in FUSED.findall((ROOT / "include/hpystate/fused.def").read_text()):
        operands = re.sub(r" (\*+)", r"\1 ", parameters.removeprefix("HPyContext *ctx, "))
        rows.append([f"`{name.removeprefix('_')}`", f"`{operands}`", sentences[name]])
    return lines_of(["call", "operands", ""], rows)


# ---- HPy's own suite ---------------------------------------------------------------------------
def outcomes(counts: dict[str, dict[str, int]], abis: tuple[str, ...], of_release: set[str]) -> str:
    """A cell. `of_release` has the ABIs that the release's suite has on some Python."""
    total: Counter[str] = Counter()
    for abi in abis:
        total.update(counts.get(abi, {}))
    if not total:
        return "not run" if of_release & set(abis) else "none there"
    passed = total.pop("passed", 0)
    rest = ", ".join(f"{number} {outcome}" for outcome, number in sorted(total.items()))
    return f"{passed}" + (f" ({rest})" if rest else "")


def upstream_suite() -> str:
    rows = []
    documents = {p.stem: json.loads(p.read_text()) for p in sorted(UPSTREAM.glob("*.json"))}
    ran: dict[str, set[str]] = {}
    for document in documents.values():
        for release, found in document.items():
            ran.setdefault(release, set()).update(*(of["counts"] for of in found.values()))
    for python, document in documents.items():
        for release, found in sorted(document.items(), reverse=True):
            for kind, title in KINDS.items():
                counts = found[kind]["counts"]
                cells = [outcomes(counts, abis, ran[release]) for abis in ABIS.values()]
                rows.append([python, release, title, *cells])
    return lines_of(["CPython", "HPy", "interpreter", *ABIS], rows)


# ---- stress ------------------------------------------------------------------------------------
#: Ends of the names of other results: memory over time and short runs (stress/run.py writes both,
#: and Git ignores them), instructions (stress/flat.py), threads (bench/threads.py).
NOT_RUNS = ("-curves", "-quick", "-flat", "-threads")


def stress_runs() -> list[tuple[str, Document]]:
    """The runs of all scenarios, or of one, by version; without the short ones."""
    return [
        (path.stem, document)
        for path in sorted(STRESS.glob("*.json"))
        if not path.stem.endswith(NOT_RUNS)
        # A list is a memory curve, which an older version wrote under another name.
        if isinstance(document := json.loads(path.read_text()), dict)
    ]


def stress_scenarios() -> str:
    rows = []
    for stem, document in stress_runs():
        python = python_of(stem, document)
        for name, found in document["scenarios"].items():
            lost = found.get("made", 0) - found.get("destroyed", 0)
            rows.append(
                [
                    python,
                    name,
                    f"{found.get('interpreters', 0):,}",
                    f"{found.get('checked', 0):,}",
                    f"{found.get('wrong', 0):,}",
                    f"{lost:,} of {found.get('made', 0):,}",
                    f"{found['crashes']:,} of {found['processes']:,}",
                    f"{found.get('seconds', 0):,.0f}",
                ]
            )
    headings = ["scenario", "interpreters", "checked", "wrong", "objects lost", "crashes", "s"]
    return lines_of(["CPython", *headings], rows)


def python_of(stem: str, document: Document) -> str:
    return document["python"] + ("t" if stem.partition("-")[0].endswith("t") else "")


class Bars:
    """What must be reached, by CPython: a column for each."""

    def __init__(self) -> None:
        self.columns: dict[str, dict[str, str]] = {}
        for stem, document in stress_runs():
            column = self.columns.setdefault(python_of(stem, document), {})
            self._add_run(column, document)
        for name, add in (("flat", self._add_flat), ("threads", self._add_threads)):
            for path in sorted(STRESS.glob(f"*-{name}.json")):
                document = json.loads(path.read_text())
                add(self.columns.setdefault(python_of(path.stem, document), {}), document)

    @staticmethod
    def _add_run(column: dict[str, str], document: Document) -> None:
        rows = [row for name, row in document["scenarios"].items() if "without" not in name]
        checked = sum(row.get("checked", 0) for row in rows)
        bad = (
            sum(row.get("wrong", 0) for row in rows),
            sum(row["crashes"] for row in rows),
            sum(row.get("made", 0) - row.get("destroyed", 0) for row in rows),
        )
        before = (int(number) for number in column.get("wrong", "0, 0, 0").split(", "))
        column["wrong"] = ", ".join(str(a + b) for a, b in zip(before, bad, strict=True))
        if checked > int(column.get("loads", "0").replace(",", "")):
            column["loads"] = f"{checked:,}"
            column["interpreters"] = f"{sum(row.get('interpreters', 0) for row in rows):,}"
            if growth := document.get("growth_per_interpreter"):
                column["growth"] = (
                    f"{growth['with'] / 1024:,.0f} and {growth['without'] / 1024:,.0f}"
                )
        if cost := document["scenarios"].get("cost"):
            column["bytes"] = f"{cost['state_bytes']:,.0f}"
            column["microseconds"] = f"{cost['state_microseconds']:.0f}"
            column["import"] = f"{cost['import_microseconds'] / 1000:.0f}"
            column["global"] = f"{cost['global_bytes']:.2f}"

    @staticmethod
    def _add_flat(column: dict[str, str], document: Document) -> None:
        for name in ("load", "load_without_context", "noargs"):
            counts = [f"{count[name]:.0f}" for count in document["instructions"].values()]
            column[name] = ", ".join(counts)

    @staticmethod
    def _add_threads(column: dict[str, str], document: Document) -> None:
        for name in ("check", "call"):
            column[name] = f"{document['rows'][name]['by_clock']:.2f}"


TITLES = {
    "loads": ("checked loads, of the longest run", "10^9 (3.12)"),
    "interpreters": ("interpreters", "20,000 (3.12)"),
    "wrong": ("wrong values, crashes, objects lost, of all runs", "0, 0, 0"),
    "growth": ("memory grows by KiB an interpreter: with hpystate, without", "no more with"),
    "bytes": ("native state of an interpreter, bytes", "16,384"),
    "microseconds": ("made, filled and ended, microseconds", "100"),
    "import": ("(import of the package beside it, ms)", ""),
    "global": ("a global in an interpreter, bytes", "16"),
    "load": ("instructions of load, close: 1 slot, 100,000 slots, 1,000 interpreters", "equal"),
    "load_without_context": ("of the same without a context", "equal"),
    "noargs": ("of a call of a function", "equal"),
    "check": ("two threads against one: fused type check of a shared type", "1.8 (no GIL)"),
    "call": ("fused call of a builtin", "1.8 (no GIL)"),
}


def stress_bars() -> str:
    columns = Bars().columns
    rows = [
        [title, bar, *(column.get(name, "") for column in columns.values())]
        for name, (title, bar) in TITLES.items()
    ]
    return lines_of(["", "bar", *columns], rows)


# ---- rooms -------------------------------------------------------------------------------------
def rooms() -> str:
    rows = [[f"`{r.path}/`", "yes" if r.python_h else "no", r.holds] for r in read_rooms(ROOT)]
    return lines_of(["room", "Python.h", "holds"], rows)


def rooms_in_order() -> str:
    listed = read_rooms(ROOT)
    width = max(len(room.path) for room in listed) + 2
    return "".join(f"    {room.path + '/':{width}}{room.holds}\n" for room in listed)


# ---- hosts -------------------------------------------------------------------------------------
def cell(found: dict[str, str]) -> str:
    """What one host does in one row: mode -> "" or what was found."""
    texts = dict.fromkeys(found.values())
    if len(texts) > 1:
        return "; ".join(f"{mode}: {text or 'yes'}" for mode, text in found.items())
    return next(iter(texts)).replace("|", "\\|") or "yes"


def hosts() -> str:
    """A row for each check of tests/hosts/checks.py, then one for each rule of slots.c."""
    document = json.loads(HOSTS.read_text())
    rows = [
        [
            name if name.startswith("HPy") or " " in name else name.replace("_", " "),
            *(
                cell({mode: rows[name] for mode, rows in modes.items()})
                for modes in document.values()
            ),
        ]
        for name in next(iter(document.values()))["universal"]
    ]
    return lines_of(["", *document], rows)


# ---- doctor ------------------------------------------------------------------------------------
def doctor_packages() -> str:
    """A row for each package: its modules by verdict, and what their statics hold together."""
    rows = []
    for name, package in json.loads(DOCTOR.read_text())["packages"].items():
        modules = package["modules"]
        verdicts = [f"{count} {what}" for what, count in package["counts"].items() if count]
        rows.append(
            [
                f"{name} {package['version']}",
                verdicts[0].partition(" ")[2] if len(modules) == 1 else ", ".join(verdicts),
                *(f"{sum(each[key] for each in modules):,}" for key in DOCTOR_SUMS),
                ", ".join(sorted({each["named_by"] for each in modules} - {""})),
                ", ".join(sorted({each["initialisation"] for each in modules} - {""})),
            ]
        )
    return lines_of(["package", "verdict", *DOCTOR_SUMS.values(), "named by", "declares"], rows)


#: Sums over the modules of a package.
DOCTOR_SUMS = {
    "words": "words with an object",
    "variables": "in statics",
    "only_after_exercise": "only after the workload",
    "static_types": "static types",
}


def doctor_counts() -> str:
    """The same in sentences: by package, by module, and by reason."""
    document = json.loads(DOCTOR.read_text())
    packages = document["packages"].values()
    modules = [each for package in packages for each in package["modules"]]
    worst = Counter(
        next(what for what in reversed(package["counts"]) if package["counts"][what])
        for package in packages
    )
    by_module = Counter(each["verdict"] for each in modules)

    def listed(counted: Counter[str]) -> str:
        return ", ".join(f"{counted[what]} {what}" for what in next(iter(packages))["counts"])

    lines = [
        f"{document['date']}, CPython {document['python']}, wheels as pip chose them.",
        f"{len(packages)} packages, each by its worst module: {listed(worst)}.",
        f"{len(modules)} modules: {listed(by_module)}.",
    ]
    return "\n".join(lines) + "\n"


# ---- documents ---------------------------------------------------------------------------------
DOCUMENTS: tuple[tuple[str, str, Callable[[], str]], ...] = (
    ("CONTRIBUTING.md", "rooms", rooms),
    ("docs/design.md", "rooms in their order", rooms_in_order),
    *SERVED,
    ("docs/doctor.md", "packages", doctor_packages),
    ("docs/doctor.md", "counts of packages", doctor_counts),
    *(
        ("docs/evaluation.md", f"evaluate {name}", partial(lambda made: made(evaluated()), table))
        for name, table in EVALUATE_TABLES.items()
    ),
    ("docs/fused.md", "fused calls", fused_calls),
    ("docs/hosts.md", "hosts", hosts),
    *(("docs/interpreters-or-threads.md", name, table) for name, table in WAYS_TABLES.items()),
    *(("docs/packages.md", name, table) for name, table in PACKAGES_TABLES.items()),
    ("docs/plugin.md", "suites of packages", suites),
    *(("docs/pyglobal.md", f"pyglobal {name}", table) for name, table in PYGLOBAL_TABLES.items()),
    ("docs/results.md", "HPy's own suites", upstream_suite),
    ("docs/results.md", "stress scenarios", stress_scenarios),
    ("docs/results.md", "stress bars", stress_bars),
)


def settle(document: str, name: str, table: str, *, write: bool) -> str:
    """Compares or writes one table; what is wrong with it, or ""."""
    path = ROOT / document
    text = path.read_text()
    head, begin, rest = text.partition(f"<!-- tools/tables.py writes: {name} -->\n")
    _, end, tail = rest.partition(f"<!-- end of: {name} -->\n")
    if not begin or not end:
        return f"{document} has no place for the table '{name}'"
    wanted = head + begin + table + end + tail
    if write:
        path.write_text(wanted)
    elif wanted != text:
        return f"{document}: the table '{name}' is out of date; run tools/tables.py --write"
    return ""


def main(arguments: list[str]) -> int:
    if arguments not in ([], ["--write"]):
        print(f"tables: {' '.join(arguments)}: --write or nothing was expected")
        return 2
    problems = [
        problem
        for document, name, table in DOCUMENTS
        if (problem := settle(document, name, table(), write=bool(arguments)))
    ]
    print("\n".join(problems) or "tables: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
