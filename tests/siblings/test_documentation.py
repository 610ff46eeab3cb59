"""test_documentation.py: the two extensions of docs/versions.md call each other."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension

PAGE = Path(__file__).resolve().parents[2] / "docs" / "versions.md"
MODES = ("universal", "debug", "trace")


@pytest.mark.parametrize("mode", MODES)
def test_the_extensions_of_the_page_call_each_other(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = re.findall(r"```c\n/\* (\S+) \*/\n(.*?)```", PAGE.read_text(), re.DOTALL)
    for name, text in blocks:
        (tmp_path / name).write_text(text)
    assert [name for name, _ in blocks] == ["point.h", "point.c", "line.c"]
    strict = ["-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror"]
    files = {
        name: compile_extension(name, [tmp_path / f"{name}.c"], tmp_path, flags=strict)
        for name in ("point", "line")
    }
    point = hpystate.load("point", files["point"], mode=mode)
    monkeypatch.setitem(sys.modules, "point", point)
    line = hpystate.load("line", files["line"], mode=mode)

    assert (line.start(), line.square((3.0, 4.0))) == ((3.0, 4.0), 25.0)
    for wrong, error in ((3, TypeError), ((1.0,), IndexError), (("x", 1.0), TypeError)):
        with pytest.raises(error):
            line.square(wrong)
