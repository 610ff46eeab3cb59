"""drawings.py: the drawings of docs/how-it-works.md, as SVG files in docs/drawings/.

drawings.py --check   compares; exit status 1 names each file that differs, is missing or too many
drawings.py --write   writes them

A drawing is 400 units wide, as a phone is, and its smallest text has 16 of them, so that it can be
read there. Its colours are in one style sheet, once for light and once for dark; a drawing has a
ground of its own, so it can be read on a page whose colours are chosen by hand too.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "drawings"
WIDTH = 400
SMALLEST = 16  # units of text
#: Width of a character by the size of its text, an upper estimate: of words, and of code.
CHARACTER = (0.57, 0.62)
STYLE = """
  svg { color-scheme: light dark; }
  .ground { fill: #ffffff; stroke: #c4cad1; }
  .box { fill: #eef3f8; stroke: #40566b; stroke-width: 1.5; }
  .one { fill: #d9ecd6; stroke: #2f6b3a; stroke-width: 1.5; }
  .two { fill: #fbe6cc; stroke: #8a5a14; stroke-width: 1.5; }
  .three { fill: #e5dcf5; stroke: #5b3f94; stroke-width: 1.5; }
  .line { stroke: #40566b; stroke-width: 2; fill: none; }
  .head { fill: #40566b; }
  text { fill: #16202a; font-family: system-ui, sans-serif; }
  .code { font-family: ui-monospace, monospace; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #161b21; stroke: #47525e; }
    .box { fill: #233140; stroke: #8fa9c2; }
    .one { fill: #1f3d26; stroke: #7cc58a; }
    .two { fill: #453114; stroke: #e0ae62; }
    .three { fill: #33264d; stroke: #b59be8; }
    .line { stroke: #8fa9c2; }
    .head { fill: #8fa9c2; }
    text { fill: #edf2f7; }
  }
"""


@dataclass
class Drawing:
    """Shapes, added from top to bottom; `title` is what a screen reader reads first."""

    name: str
    title: str
    height: int
    parts: list[str] = field(default_factory=list)

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: int = 17,
        code: bool = False,
        at: str = "start",
    ) -> None:
        """Text whose baseline is at y; `at` is the place of x in it: start, middle or end."""
        width = len(text) * size * CHARACTER[code]
        left = {"start": x, "middle": x - width / 2, "end": x - width}[at]
        if size < SMALLEST or left < 0 or left + width > WIDTH:
            raise ValueError(
                f"{self.name}: {text!r}: size {size}, from {left:.0f}, {width:.0f} wide"
            )
        kind = ' class="code"' if code else ""
        self.parts.append(
            f'<text{kind} x="{x}" y="{y}" font-size="{size}" text-anchor="{at}">'
            f"{escape(text)}</text>"
        )

    def box(self, x: float, y: float, width: float, height: float, kind: str = "box") -> None:
        self.parts.append(
            f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>'
        )

    def cell(
        self, x: float, y: float, width: float, text: str, kind: str = "box", *, code: bool = False
    ) -> None:
        """A box of one line with its text in the middle."""
        self.box(x, y, width, 34, kind)
        self.text(x + width / 2, y + 23, text, size=16, code=code, at="middle")

    def arrow(self, x: float, y: float, to_x: float, to_y: float) -> None:
        self.parts.append(
            f'<path class="line" d="M{x} {y} L{to_x} {to_y}" marker-end="url(#head)"/>'
        )

    def svg(self) -> str:
        inner = "\n".join(f"  {part}" for part in self.parts)
        return (
            '<svg xmlns="http://www.w3.org/2000/svg" '
            f'viewBox="0 0 {WIDTH} {self.height}" '
            f'width="{WIDTH}" height="{self.height}" role="img" aria-labelledby="title">\n'
            f'  <title id="title">{escape(self.title)}</title>\n  <style>{STYLE}  </style>\n'
            '  <defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" '
            'markerHeight="8" orient="auto"><path class="head" d="M0 0 L10 5 L0 10 z"/></marker>'
            "</defs>\n"
            f'  <rect class="ground" x="0.5" y="0.5" width="{WIDTH - 1}" height="{self.height - 1}"'
            f' rx="8"/>\n{inner}\n</svg>\n'
        )


INTERPRETERS = (
    ("main", "one", "(1, 1)"),
    ("second", "two", "(2, 2)"),
    ("third", "three", "(0, 0)"),
)


def slot() -> Drawing:
    made = Drawing("slot", "One static, one table per interpreter, one object in each table", 372)
    made.text(16, 32, "One file in memory")
    made.box(16, 44, 368, 66)
    made.text(200, 70, "static HPyGlobal position;", code=True, size=16, at="middle")
    made.text(200, 96, "8 bytes, once per process", at="middle", size=16)
    made.text(200, 168, "one table per interpreter", at="middle")
    for number, (name, kind, value) in enumerate(INTERPRETERS):
        x = 16 + number * 128
        made.arrow(x + 56, 110, x + 56, 146)
        made.box(x, 178, 112, 74, kind)
        made.text(x + 56, 204, name, at="middle")
        made.text(x + 56, 236, "position", code=True, size=16, at="middle")
        made.arrow(x + 56, 252, x + 56, 290)
        made.cell(x, 292, 112, value, kind, code=True)
    made.text(200, 354, "its object, seen by it alone", at="middle")
    return made


def token() -> Drawing:
    made = Drawing("token", "The word of a slot: zero, then its own address for good", 372)
    made.text(16, 32, "The word of the slot at 0x7f20")
    steps = (
        ("file is mapped", "0", "box"),
        ("first module is made", "0x7f20", "one"),
        ("another interpreter", "0x7f20", "two"),
        ("a store, a load", "0x7f20", "three"),
    )
    for number, (when, word, kind) in enumerate(steps):
        y = 50 + number * 62
        made.text(16, y + 23, when)
        made.cell(250, y, 134, word, kind, code=True)
        if number:
            made.arrow(317, y - 28, 317, y - 2)
    made.text(16, 306, "The token is the slot's own address:")
    made.text(16, 330, "the same for all interpreters, so all")
    made.text(16, 354, "may write it, and nobody needs a lock.")
    return made


def window() -> Drawing:
    made = Drawing("window", "From a token and a context to an object", 470)
    made.cell(16, 16, 160, "token 0x7f20", "one", code=True)
    made.cell(224, 16, 160, "context", "two")
    made.text(16, 84, "shift by 3, and")
    made.text(16, 108, "the low 17 bits")
    made.text(384, 84, "its address tells", at="end")
    made.text(384, 108, "the region", at="end")
    made.arrow(96, 118, 96, 176)
    made.arrow(304, 118, 304, 140)
    made.text(384, 162, "window", at="end")
    rows = (("...", "...", "box"), ("0x7f20", "object", "one"), ("...", "...", "box"))
    for number, (left, right, kind) in enumerate(rows):
        y = 178 + number * 34
        made.cell(16, y, 184, left, kind, code=True)
        made.cell(200, y, 184, right, kind, code=True)
    made.text(108, 304, "token", at="middle")
    made.text(292, 304, "value", at="middle")
    made.text(16, 340, "131,072 entries of 16 bytes, each page")
    made.text(16, 364, "of which exists once it is touched.")
    made.text(16, 400, "The entry has the token: that is the")
    made.text(16, 424, "object. If not: nothing was stored, or")
    made.text(16, 448, "two tokens met: a map has the other.")
    return made


def lifetime() -> Drawing:
    made = Drawing("lifetime", "What happens to values from an import to an interpreter's end", 480)
    steps = (
        ("import", "the module's exec stores values", "one"),
        ("work", "load, store, fused calls", "one"),
        ("end begins", "C pointers go, newest first", "two"),
        ("window closes", "loads find nothing; stores: no", "two"),
        ("release", "objects go one by one", "two"),
        ("last collection", "destructors still find contexts", "three"),
        ("next one", "the region serves again", "box"),
    )
    for number, (name, what, kind) in enumerate(steps):
        y = 16 + number * 66
        made.box(16, y, 368, 52, kind)
        made.text(28, y + 21, name, size=17)
        made.text(28, y + 43, what, size=16)
        if number:
            made.arrow(200, y - 14, 200, y - 1)
    return made


DRAWINGS = (slot, token, window, lifetime)


def differences(folder: Path, wanted: dict[str, str]) -> list[str]:
    found = {path.name: path.read_text() for path in sorted(folder.glob("*.svg"))}
    return [
        *(f"{name} is missing" for name in wanted if name not in found),
        *(f"{name} is of no drawing" for name in found if name not in wanted),
        *(f"{name} differs" for name in wanted if name in found and found[name] != wanted[name]),
    ]


def main(arguments: list[str]) -> int:
    if arguments not in (["--check"], ["--write"]):
        print(f"drawings: {' '.join(arguments) or 'nothing'}: --check or --write was expected")
        return 2
    wanted = {f"{drawing.name}.svg": drawing.svg() for drawing in (draw() for draw in DRAWINGS)}
    if arguments == ["--write"]:
        FOLDER.mkdir(exist_ok=True)
        for name, text in wanted.items():
            (FOLDER / name).write_text(text)
    problems = differences(FOLDER, wanted)
    print(
        "\n".join(f"docs/drawings/{each}; type: tools/drawings.py --write" for each in problems)
        or "drawings: ok"
    )
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
