"""test_layers.py: types and loader name no struct of one version of the ABI."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tools.tree import make_tree


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    rooms = ("runtime/types yes x", "runtime/versions yes x", "runtime/loader yes x")
    make_tree(tmp_path, "check_layers.py", rooms)
    return tmp_path


def checked(tree: Path) -> tuple[int, str]:
    command = [sys.executable, "tools/check_layers.py"]
    result = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=False)
    return result.returncode, result.stdout + result.stderr


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("void f(const HPyType_Spec &spec);", "HPyType_Spec"),
        ("int g(HPyDef **all);", "HPyDef"),
        ("HPySlot slot = {};", "HPySlot"),
        ("void h(HPyModuleDef *definition);", "HPyModuleDef"),
        ("auto at = spec->defines;", "->defines"),
    ],
)
def test_a_struct_of_the_abi_in_types_is_named(tree: Path, line: str, what: str) -> None:
    (tree / "runtime" / "types" / "file.cpp").write_text(line + "\n")

    status, told = checked(tree)
    assert status == 1
    assert told.startswith(f"runtime/types/file.cpp: {what} belongs to one version of the ABI;")


@pytest.mark.parametrize(
    "line",
    [
        "// an HPyType_Spec of the extension",
        'const char *text = "write an HPyDef";',
        "HPySlot_Slot slot; HPyMember_FieldType type; HPyDef_Kind kind;",
    ],
)
def test_comments_texts_and_numbers_may_be_named(tree: Path, line: str) -> None:
    (tree / "runtime" / "types" / "file.cpp").write_text(line + "\n")

    assert checked(tree) == (0, "layers: ok\n")


def test_a_reader_may_name_them(tree: Path) -> None:
    (tree / "runtime" / "versions" / "file.cpp").write_text("HPyDef *first; HPyMeth meth;\n")

    assert checked(tree) == (0, "layers: ok\n")


def test_the_loader_may_carry_a_definition_and_not_look_into_it(tree: Path) -> None:
    file = tree / "runtime" / "loader" / "file.cpp"
    file.write_text("void f(const HPyModuleDef &definition);\n")
    assert checked(tree) == (0, "layers: ok\n")

    file.write_text("auto f(const HPyModuleDef &definition) { return definition.defines; }\n")
    status, told = checked(tree)
    assert status == 1
    assert "runtime/loader/file.cpp: .defines belongs" in told
