"""test_libraries.py: the libraries that an extension brings with it: shared, copied, missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.images.conftest import Script
from tests.images.made import SINGLE, compiled, library, links

#: A library with a static, and an extension that counts in it.
STORE = "static long count; long store_bump(void) { return ++count; }"
USER = SINGLE.replace("static long count;", "long store_bump(void);").replace(
    "++count", "store_bump()"
)
#: A library that uses Python's symbols and has a static.
PYTHON_STORE = """
    #include <Python.h>
    static long count;
    long store_bump(void) { return Py_IsInitialized() ? ++count : -1; }
"""
COUNT = """
    import hpystate
    hpystate.isolate("user")
    import user
    from hpystate import _images
    (image,) = [each for each in _images.images() if each.file == user.__file__]
    answer = [user.bump(), *[how for path, how in image.libraries]]
"""
IN_TWO = f"""
    answer = []
    with Interpreter() as first, Interpreter() as second:
        for each in (first, second):
            answer.append(each.run({COUNT!r}))
"""


def with_library(folder: Path, text: str, name: str = "store") -> Path:
    """An extension `user` in a folder, with a library in user.libs beside it."""
    library(name, text, folder / "user.libs")
    flags = [f"-L{folder / 'user.libs'}", *links("user.libs", name)]
    return compiled("user", USER, flags=flags, beside=folder)


def test_a_bundled_library_is_shared_by_all_interpreters(script: Script, tmp_path: Path) -> None:
    assert script(IN_TWO, with_library(tmp_path, STORE)) == [[1, "shared"], [2, "shared"]]


def test_a_bundled_library_that_policy_names_is_copied(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "packages.json"
    table.write_text(json.dumps({"user": {"copy": ["libstore*"]}}))
    monkeypatch.setenv("HPYSTATE_PACKAGES", str(table))

    assert script(IN_TWO, with_library(tmp_path, STORE)) == [[1, "copied"], [1, "copied"]]


def test_a_bundled_library_that_uses_python_is_copied_always(
    script: Script, tmp_path: Path
) -> None:
    assert script(IN_TWO, with_library(tmp_path, PYTHON_STORE)) == [[1, "copied"], [1, "copied"]]


def test_two_files_of_an_interpreter_have_one_copy_of_a_library(
    script: Script, tmp_path: Path
) -> None:
    with_library(tmp_path, PYTHON_STORE)
    flags = [f"-L{tmp_path / 'user.libs'}", *links("user.libs", "store")]
    other = compiled("other", USER, flags=flags, beside=tmp_path)
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate
                hpystate.isolate("user", "other")
                import user, other
                answer = [user.bump(), other.bump()]
            ''')
        """,
        other,
    )
    assert answer == [1, 2]


def test_a_library_that_is_not_there_is_named(script: Script, tmp_path: Path) -> None:
    file = with_library(tmp_path, STORE)
    (tmp_path / "user.libs" / "libstore.so").unlink()
    answer = script(
        """
        with Interpreter() as first:
            answer = first.run('''
                import hpystate, sys
                hpystate.isolate("user")
                try:
                    import user
                except hpystate.LoadError as error:
                    answer = [error.kind, error.name, error.path, str(error)]
                answer.append("user" in sys.modules)
            ''')
        """,
        file,
    )
    assert answer[:3] == ["missing-library", "user", str(file)]
    assert "libstore.so" in answer[3] and "Install that library" in answer[3]
    assert answer[4] is False


FIRST = SINGLE.replace(
    "static long count;", "static long count; long tally(void) { return ++count; }"
)
SECOND = USER.replace("store_bump", "tally")
LINKED = """
    with Interpreter() as first, Interpreter() as second:
        answer = []
        for each in (first, second):
            answer.append(each.run('''
                import hpystate
                hpystate.isolate("first", "second")
                import first
                try:
                    import second
                    answer = [first.bump(), second.bump()]
                except hpystate.LoadError as error:
                    answer = [error.kind, str(error)]
            '''))
"""


def test_an_extension_that_is_linked_against_another_one_finds_its_image(
    script: Script, tmp_path: Path
) -> None:
    first = compiled("first", FIRST, flags=["-Wl,-soname,first.so"], suffix=".so", beside=tmp_path)
    flags = [f"-L{tmp_path}", "-l:first.so", *links(".")]
    compiled("second", SECOND, flags=flags, suffix=".so", beside=tmp_path)

    assert script(LINKED, first) == [[1, 2], [1, 2]]


def test_an_extension_that_is_linked_against_one_without_a_soname_is_refused(
    script: Script, tmp_path: Path
) -> None:
    first = compiled("first", FIRST, suffix=".so", beside=tmp_path)
    flags = [f"-L{tmp_path}", "-l:first.so", *links(".")]
    compiled("second", SECOND, flags=flags, suffix=".so", beside=tmp_path)
    for kind, message in script(LINKED, first):
        assert kind == "missing-library"
        assert "second.so" in message and "-Wl,-soname,first.so" in message
