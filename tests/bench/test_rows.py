"""test_rows.py: what `make bench` measures names what there is."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
from rows import PROGRAMS, ROWS, Row  # noqa: E402

ALL = (*ROWS, *PROGRAMS)


@pytest.mark.parametrize("row", ALL, ids=lambda row: f"{row.group}, {row.title}")
def test_every_bar_is_about_sides_of_its_row(row: Row) -> None:
    for bar in row.bars:
        assert bar.side is None or bar.side in row.sides
        assert bar.of is None or bar.of in row.sides
        assert bar.limit > 0


def test_rows_are_told_apart() -> None:
    titles = [(row.group, row.title) for row in ALL]

    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(("module", "source"), [("ours", "hpy_probe.c"), ("c", "c_probe.c")])
def test_every_operation_is_in_its_probe(module: str, source: str) -> None:
    text = (BENCH / "peers" / source).read_text()
    used = {
        name
        for row in ROWS
        for code in row.sides.values()
        for name in re.findall(rf"(?<!\w){module}\.(\w+)", code)
    }

    assert used
    assert {name for name in used if not re.search(rf"\b{name}\b", text)} == set()
