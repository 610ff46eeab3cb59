"""fused_table.py: the README's table of fused calls, from include/hpystate/fused.def and fused.h.

fused_table.py           compares; exit status 1 where the README says something else
fused_table.py --write   writes it into the README
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN = "<!-- tools/fused_table.py writes this table -->\n"
END = "<!-- end of the fused calls -->\n"
ROW = re.compile(r"^HPY_FUSED(?:_OWN)?\([^,]+?, (\w+), \((.*?)\), \(", re.MULTILINE)


def contracts() -> dict[str, str]:
    """The first sentence of each function's contract."""
    text = (ROOT / "include/hpystate/fused.h").read_text()
    pattern = r"/\*\* ((?:[^*]|\*(?!/))*?)\*/\nstatic inline [^;{]*?\b(\w+)\("
    found = {}
    for contract, name in re.findall(pattern, text):
        sentence = re.sub(r"\s*\n \*\s*", " ", contract).partition(". ")[0].partition("  ")[0]
        found[name] = sentence.strip().rstrip(".")
    return found


def table() -> str:
    lines = ["| call | operands | |", "|---|---|---|"]
    sentences = contracts()
    for name, parameters in ROW.findall((ROOT / "include/hpystate/fused.def").read_text()):
        operands = re.sub(r" (\*+)", r"\1 ", parameters.removeprefix("HPyContext *ctx, "))
        lines.append(f"| `{name.removeprefix('_')}` | `{operands}` | {sentences[name]} |")
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    text = README.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        print("fused calls: the README has no place for the table")
        return 1
    wanted = head + begin + table() + end + tail
    if arguments == ["--write"]:
        README.write_text(wanted)
        return 0
    if wanted != text:
        print("fused calls: the README is out of date; run tools/fused_table.py --write")
        return 1
    print("fused calls: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
