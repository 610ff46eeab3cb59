"""test_documentation.py: the two extensions of docs/versions.md call each other."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension
from tests.upstream.old import old_sdist

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


@pytest.mark.parametrize("mode", MODES)
def test_the_page_compiles_the_publisher_for_0_0_4(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PAGE.read_text()
    parts = dict(re.findall(r"```c\n/\* (.+?) \*/\n(.*?)```", text, re.DOTALL))
    lines = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[-1]
    common, api, _ = parts["point.c"].partition("HPYSTATE_API(functions);\n")
    (tmp_path / "point.h").write_text(parts["point.h"])
    (tmp_path / "line.c").write_text(parts["line.c"])
    (tmp_path / "point.c").write_text(common + api + parts["point.c for HPy 0.0.4"])
    line_file = compile_extension("line", [tmp_path / "line.c"], tmp_path)
    package = str(Path(hpystate.__file__).absolute().parents[1])
    subprocess.run(
        ["bash", "-euc", f'python() {{ {shlex.quote(sys.executable)} "$@"; }}\n{lines}'],
        cwd=tmp_path,
        env=os.environ | {"OLD": str(old_sdist()), "PYTHONPATH": package},
        check=True,
        timeout=100,
    )

    point = hpystate.load("point", str(tmp_path / "point.hpy.so"), mode=mode)
    monkeypatch.setitem(sys.modules, "point", point)
    line = hpystate.load("line", line_file, mode=mode)

    assert (line.start(), line.square((3.0, 4.0))) == ((3.0, 4.0), 25.0)
    with pytest.raises(IndexError):
        line.square((1.0,))
