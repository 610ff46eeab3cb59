"""test_format.py: HPy's definitions stay readable after the formatter."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SUFFIXES = {".c", ".cpp", ".h"}
# A definition, and what is behind it on its last line. In a macro it may be indented.
DEFINITION = re.compile(
    r"^(?P<indent>[ \t]*)(?P<macro>HPy(?:Def|Type)_[A-Z_]+|HPy_MODINIT)"
    r"\((?:[^()]|\([^()]*\))*\)(?P<behind>[^\n]*)$",
    re.MULTILINE,
)
HEADERS_OF_THE_MACROS = ROOT / "include"


def sources() -> list[Path]:
    names = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    files = [ROOT / name for name in names if Path(name).suffix in SUFFIXES]
    return [file for file in files if not file.is_relative_to(HEADERS_OF_THE_MACROS)]


def mangled(text: str) -> list[str]:
    """The definitions that share a line with a function, or do not begin where a line does."""
    return [
        found["macro"]
        for found in DEFINITION.finditer(text)
        if "static" in found["behind"]
        or (found["indent"] and not text[: found.start()].endswith("\\\n"))
    ]


def test_a_function_begins_on_the_line_behind_its_definition() -> None:
    files = sources()
    assert ROOT / "examples" / "atlas" / "atlas.c" in files
    assert {str(file): mangled(file.read_text()) for file in files} == {
        str(file): [] for file in files
    }


def test_a_mangled_definition_is_found() -> None:
    assert mangled('HPyDef_METH(f, "f", HPyFunc_NOARGS) static HPy\n    f_impl(') == ["HPyDef_METH"]
    assert mangled('HPyDef_METH(f, "f",\n    HPyFunc_O, .doc = "f()") static HPy f_impl(') == [
        "HPyDef_METH"
    ]
    assert mangled("    HPyDef_SLOT(f, HPy_nb_add)\nstatic HPy f_impl(") == ["HPyDef_SLOT"]
    assert mangled('HPyDef_METH(f, "f", HPyFunc_NOARGS)\nstatic HPy f_impl(') == []
