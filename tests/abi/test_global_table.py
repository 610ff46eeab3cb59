"""test_global_table.py: the table of hpystate/global.h is frozen, as HPy's lists are."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import include_folder

LAYOUT = Path(__file__).with_name("layout_global.c")
HEADER = include_folder() / "hpystate" / "global.h"


def compile_layout(folder: Path) -> subprocess.CompletedProcess[str]:
    command = ["cc", "-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
    command += [f"-I{folder}", f"-isystem{sysconfig.get_path('include')}", str(LAYOUT)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_table_is_as_it_was_published() -> None:
    made = compile_layout(include_folder())
    assert made.returncode == 0, made.stderr


# One for each way to break a file that was compiled before.
CHANGES = {
    "two functions change places": (
        r"(    int \(\*enter\)\(void\);\n)(.*?)(    PyObject\* \(\*borrow\)[^;]*;\n)",
        r"\3\2\1",
    ),
    "a function gets another parameter": (
        r"PyObject\*\* out, const char\* f",
        r"PyObject** out, int f",
    ),
    "a function comes before the others": (
        r"(    const struct hpystate_fast\* fast;\n\n)",
        r"\1    int (*first)(void);\n",
    ),
    "the header grows": (r"(    uint32_t minor;\n)", r"\1    uint64_t more;\n"),
    "the version of the header is another": ("GLOBAL_MAJOR 1", "GLOBAL_MAJOR 2"),
    "the table of places shrinks": (r"seen\[\(1u << 16\)\]", "seen[(1u << 12)]"),
    "entries begin elsewhere": (r"(HPYSTATE_ENTRIES \(-\(1 <<) 21", r"\1 20"),
    "a slot grows": (r"    uintptr_t token;\n", "    uintptr_t token, more;\n"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_does_not_compile(tmp_path: Path, change: str) -> None:
    pattern, replacement = CHANGES[change]
    text, count = re.subn(pattern, replacement, HEADER.read_text(), count=1, flags=re.DOTALL)
    assert count == 1
    (tmp_path / "hpystate").mkdir()
    (tmp_path / "hpystate" / "global.h").write_text(text)
    made = compile_layout(tmp_path)
    assert made.returncode != 0


def test_a_function_at_the_end_is_noticed_by_the_size_alone(tmp_path: Path) -> None:
    """Appending is allowed: the error names the row to write."""
    text = HEADER.read_text()
    last = "    struct _HPyContext_s* (*context)(const char* function);\n"
    assert text.count(last) == 1
    (tmp_path / "hpystate").mkdir()
    (tmp_path / "hpystate" / "global.h").write_text(
        text.replace(last, last + "    int (*appended)(void);\n")
    )
    made = compile_layout(tmp_path)
    errors = re.findall(r"error: static assertion failed: \"(.*)\"", made.stderr)
    assert errors == ["sizeof(struct hpystate_global_table) was changed"]
