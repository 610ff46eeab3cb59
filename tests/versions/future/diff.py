"""diff.py: what adding HPy 1.0, which is invented, changes in the tree, as docs/new-version.md
shows it.

diff.py           compares; exit status 1 if the page differs
diff.py --write   writes it
"""

from __future__ import annotations

import difflib
import sys

from tests.versions.future import future

PAGE = future.ROOT / "docs" / "new-version.md"
MARK = "<!-- tests/versions/future/diff.py writes the rest -->\n"
SHOWN = 6  # of the lines of the layout test


def changed(before: str, after: str, old: str, new: str) -> list[str]:
    lines = (before.splitlines(), after.splitlines())
    return list(difflib.unified_diff(*lines, f"a/{old}", f"b/{new}", n=1, lineterm=""))


def added(text: str, name: str) -> list[str]:
    return ["--- /dev/null", f"+++ b/{name}", *("+" + line for line in text.splitlines())]


def page() -> str:
    layout = future.layout_of(None).splitlines()
    parts = {
        "The list, beside that of 0.9; the test shuffles it:": changed(
            future.LIST.read_text(),
            future.list_of(None),
            "include/hpy/abi/hpy_0_9.def",
            "include/hpy/abi/hpy_1_0.def",
        ),
        f"The layout test, of which {SHOWN} of {len(layout)} lines are shown:": added(
            "\n".join(layout[:SHOWN]), "tests/abi/layout_1_0.c"
        ),
        "The row:": changed(
            future.OFFERS.read_text(), future.offers(), *["runtime/loader/offers.cpp"] * 2
        ),
        "The emulation, a new file:": added(
            (future.HERE / "emulate.h").read_text(), "runtime/versions/v1_0/emulate.h"
        ),
    }
    text = "".join(
        f"\n{title}\n\n```diff\n" + "\n".join(lines) + "\n```\n" for title, lines in parts.items()
    )
    return "\n".join(line.rstrip() for line in text.split("\n"))


def whole() -> str:
    """The page as it should be."""
    return PAGE.read_text().partition(MARK)[0] + MARK + page()


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(whole())
    sys.exit(PAGE.read_text() != whole())
