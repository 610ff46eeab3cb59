"""table.py: the README's table of what the stress runs came to, from stress/results/.

table.py           compares; exit status 1 where the README says something else
table.py --write   writes it into the README
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
README = HERE.parent / "README.md"
BEGIN = "<!-- stress/table.py writes this table -->\n"
END = "<!-- end of the stress table -->\n"


def summaries() -> list[dict[str, Any]]:
    """Of the runs of all scenarios, or of one, by version; quick ones are not shown."""
    names = sorted(
        path
        for path in RESULTS.glob("*.json")
        if not any(word in path.stem for word in ("memory", "quick", "flat"))
    )
    return [json.loads(path.read_text()) for path in names]


def row(python: str, name: str, found: dict[str, Any]) -> str:
    lost = found.get("made", 0) - found.get("destroyed", 0)
    cells = [
        python,
        name,
        f"{found.get('interpreters', 0):,}",
        f"{found.get('checked', 0):,}",
        f"{found.get('wrong', 0):,}",
        f"{lost:,} of {found.get('made', 0):,}",
        f"{found['crashes']:,} of {found['processes']:,}",
        f"{found.get('seconds', 0):,.0f}",
    ]
    return f"| {' | '.join(cells)} |"


def costs(summary: dict[str, Any]) -> list[str]:
    lines = []
    growth = summary.get("growth_per_interpreter")
    if growth:
        lines.append(
            f"- {summary['python']}: in the churn memory grows by {growth['with'] / 1024:,.0f} KiB "
            f"an interpreter, by {growth['without'] / 1024:,.0f} KiB without hpystate (the middle "
            f"of {growth['batches']} pairs of runs with the same seed)"
        )
    cost = summary["scenarios"].get("cost")
    if cost:
        lines.append(
            f"- {summary['python']}: an interpreter's state has {cost['state_bytes']:,.0f} bytes "
            f"and takes {cost['state_microseconds']:.0f} microseconds to make, fill and end; "
            f"the package's import takes {cost['import_microseconds'] / 1000:.0f} ms; a global has "
            f"{cost['global_bytes']:.2f} bytes an interpreter"
        )
    return lines


def flat() -> list[str]:
    lines = []
    for path in sorted(RESULTS.glob("*-flat.json")):
        document = json.loads(path.read_text())
        for name, title in (
            ("load", "a load and close"),
            ("load_without_context", "the same without a context"),
            ("noargs", "a call of a function"),
        ):
            counts = ", ".join(
                f"{count[name]:.0f} ({case})" for case, count in document["instructions"].items()
            )
            lines.append(
                f"- {document['python']}: instructions of {title}, with its loop: {counts}"
            )
    return lines


def table() -> str:
    lines = [
        "| CPython | scenario | interpreters | checked | wrong | objects lost | crashes | s |",
        "|---|---|---|---|---|---|---|---|",
    ]
    found = summaries()
    for summary in found:
        lines += [row(summary["python"], *pair) for pair in summary["scenarios"].items()]
    lines.append("")
    for summary in found:
        lines += costs(summary)
    return "\n".join(lines + flat()) + "\n"


def main(arguments: list[str]) -> int:
    text = README.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        print("table: the README has no place for the table of the stress runs")
        return 1
    wanted = head + begin + table() + end + tail
    if arguments == ["--write"]:
        README.write_text(wanted)
    elif wanted != text:
        print("table: the README's table is not that of stress/results; stress/table.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
