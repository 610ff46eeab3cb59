"""test_one_place.py: only runtime/cpython/ relies on what CPython does not promise."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FACTS = (ROOT / "docs" / "abi.md").read_text().partition("## CPython's layouts")[2]
SUFFIXES = {".h", ".cpp", ".c", ".def"}

#: A version is asked for, a symbol may be absent, or a name is CPython's own.
#: gnu::weak there is for functions of the C++ library.
OTHERS = {"runtime/embed/throws.cpp"}
UNPROMISED = re.compile(r"PY_VERSION_HEX|gnu::weak|Py_BUILD_CORE|\b_Py(?!_TPFLAGS)[A-Za-z_]+\s*\(")


def without_comments(code: str) -> str:
    return re.sub(r"//[^\n]*", "", code)


def unpromised(code: str) -> list[str]:
    return UNPROMISED.findall(without_comments(code))


def test_only_one_room_knows_what_is_not_promised() -> None:
    rooms = [ROOT / room for room in ("globals", "interp_state", "runtime", "python")]
    files = [file for room in rooms for file in room.rglob("*") if file.suffix in SUFFIXES]
    assert len(files) > 100
    found = {
        file.relative_to(ROOT).as_posix(): words
        for file in files
        if not file.is_relative_to(ROOT / "runtime" / "cpython")
        and file.relative_to(ROOT).as_posix() not in OTHERS
        and (words := unpromised(file.read_text()))
    }
    assert found == {}


def test_such_a_word_is_found() -> None:
    assert unpromised("#if PY_VERSION_HEX >= 0x030D0000") == ["PY_VERSION_HEX"]
    assert unpromised("return _PyObject_GetDictPtr(self);") == ["_PyObject_GetDictPtr("]
    assert unpromised('// PY_VERSION_HEX\n"_Py_TPFLAGS_MATCH_SELF"') == []


def test_every_file_of_the_room_that_relies_on_a_fact_is_in_the_table() -> None:
    promised = {
        "attached",
        "attached_mutex",
        "critical_section",
        "guarded",
        "in_flight",
        "module_slots",
        "ref",
    }
    ideas = {file.stem for file in (ROOT / "runtime" / "cpython").iterdir()} - promised
    assert ideas, "the room is empty"
    assert [idea for idea in sorted(ideas) if f"`{idea}." not in FACTS] == []


def private_modules(code: str) -> set[str]:
    """Modules of CPython's with a private name that Python code imports."""
    found = set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= names | {str(node.module)}
    modules = (name for name in found if re.match(r"_(?!_)|importlib\._", name))
    return {".".join(name.split(".")[:2]) for name in modules}


def test_every_private_module_that_the_package_imports_is_in_the_table() -> None:
    sources = [file.read_text() for file in (ROOT / "python").rglob("*.py")]
    imported = set().union(*map(private_modules, sources))
    assert {"_imp", "importlib._bootstrap"} <= imported
    assert [name for name in sorted(imported) if f"`{name}`" not in FACTS] == []


def test_a_private_module_is_found_however_it_is_imported() -> None:
    assert private_modules("import _imp, os\nfrom __future__ import annotations") == {"_imp"}
    assert private_modules("from importlib import _bootstrap") == {"importlib._bootstrap"}
    code = "from importlib._bootstrap_external import FileFinder"
    assert private_modules(code) == {"importlib._bootstrap_external"}


def test_the_tests_that_the_table_names_are_there() -> None:
    sources = "".join(file.read_text() for file in (ROOT / "tests").rglob("*.cpp"))
    named = [line.split("|")[-2] for line in FACTS.splitlines() if line.startswith("| ")][1:]
    assert len(named) > 10
    for cell in named:
        for file in re.findall(r"`(tests/[^`]+)`", cell):
            assert (ROOT / file).is_file(), file
        for title in re.findall(r'"([^"]+)"', cell):
            assert title.replace("\\", "") in sources, title
