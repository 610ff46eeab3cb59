"""table.py: the README's table of what HPy's own suite came to, from results/<X.Y>.json.

table.py           compares; exit status 1 where the README says something else
table.py --write   writes it into the README
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
README = HERE.parents[1] / "README.md"
BEGIN = "<!-- tests/upstream/table.py writes this table -->\n"
END = "<!-- end of the table -->\n"
KINDS = {"main": "main", "legacy": "legacy subinterpreter", "own-gil": "own-GIL subinterpreter"}


def cell(counts: dict[str, dict[str, int]], abis: tuple[str, ...]) -> str:
    total: Counter[str] = Counter()
    for abi in abis:
        total.update(counts.get(abi, {}))
    passed = total.pop("passed", 0)
    rest = ", ".join(f"{number} {outcome}" for outcome, number in sorted(total.items()))
    return f"{passed}" + (f" ({rest})" if rest else "")


def table() -> str:
    lines = [
        "| CPython | interpreter | universal | hybrid | debug | trace | others |",
        "|---|---|---|---|---|---|---|",
    ]
    for path in sorted((HERE / "results").glob("*.json")):
        document = json.loads(path.read_text())
        for kind, title in KINDS.items():
            counts = document[kind]["counts"]
            cells = [
                cell(counts, ("universal",)),
                cell(counts, ("hybrid",)),
                cell(counts, ("debug", "hybrid+debug")),
                cell(counts, ("trace", "hybrid+trace")),
                cell(counts, ("other",)),
            ]
            lines.append(f"| {path.stem} | {title} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    text = README.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        print("table: the README has no place for the table")
        return 1
    wanted = head + begin + table() + end + tail
    if arguments == ["--write"]:
        README.write_text(wanted)
        return 0
    if wanted != text:
        print("table: README.md differs from tests/upstream/results; run table.py --write")
        return 1
    print("table: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
