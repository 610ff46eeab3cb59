"""test_finder_hints.py: a failed import beside a file that is not taken names the reason only."""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import os
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest

from tests.loader.place import put_extension

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
TAG = VERSION.replace(".", "")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def refusal(name: str = "place") -> str:
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(name)
    assert caught.value.name == name
    return str(caught.value)


def test_a_file_of_a_later_abi_is_named(folder: Path) -> None:
    (folder / "place.hpy1.so").touch()

    assert "place.hpy1.so is there, but the tag in its name is version 1 of" in refusal()


@pytest.mark.parametrize(
    ("tag", "python"),
    [("cp399", "CPython 3.99"), ("cp311d", "CPython 3.11d"), ("pp310", "the Python of the tag")],
)
def test_a_hybrid_file_of_another_python_is_named(folder: Path, tag: str, python: str) -> None:
    (folder / f"place.hpy0-{tag}.so").touch()

    text = refusal()
    assert f"place.hpy0-{tag}.so is there, but it is a hybrid extension for {python}" in text
    assert f"this is CPython {VERSION}, which loads place.hpy0-cp{TAG}.so and place.hpy0.so" in text
    assert text.endswith(f"build it again with {sys.executable}.")


def test_a_file_in_a_package_is_named(folder: Path) -> None:
    (folder / "pack").mkdir()
    (folder / "pack" / "place.hpy1.so").touch()
    try:
        text = refusal("pack.place")
        with pytest.raises(ImportError, match="cannot import name 'place'"):
            exec("from pack import place")
    finally:
        sys.modules.pop("pack", None)

    assert text.startswith(f"No module named 'pack.place'. {folder}/pack/place.hpy1.so is there")


def test_a_file_in_the_current_directory_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "place.hpy1.so").touch()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", ["", *(entry for entry in sys.path if entry != str(folder))])

    assert f"{folder}/place.hpy1.so is there" in refusal()


@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_is_no_file_is_named(folder: Path, kind: str) -> None:
    path = folder / "place.hpy0.so"
    if kind == "folder":
        path.mkdir()
        assert f"{path} is there, but it is a folder" in refusal()
    else:
        path.symlink_to("/not/there.so")
        assert f"{path} is there, but it is a symbolic link to /not/there.so" in refusal()


def test_a_file_that_was_built_meanwhile_is_taken(folder: Path) -> None:
    (folder / "place.hpy1.so").touch()
    refusal()
    put_extension(folder)
    importlib.invalidate_caches()
    try:
        assert importlib.import_module("place").where() == "here"
    finally:
        sys.modules.pop("place", None)


def test_other_modules_and_other_failures_have_no_hint(folder: Path) -> None:
    (folder / "place.hpy1.so").touch()
    (folder / "some.hpy1.so.old").touch()

    assert refusal("some") == "No module named 'some'"
    assert refusal("plac") == "No module named 'plac'"


def test_who_only_asks_for_a_module_gets_none(folder: Path) -> None:
    (folder / "place.hpy1.so").touch()

    assert importlib.util.find_spec("place") is None
    with pytest.raises(ModuleNotFoundError, match="spec not found for the module 'place'"):
        module = type(sys)("place")
        module.__spec__ = ModuleSpec("place", None)
        sys.modules["place"] = module
        try:
            importlib.reload(module)
        finally:
            del sys.modules["place"]


def test_a_finder_that_was_put_behind_ours_is_asked_first(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Late:
        def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
            return ModuleSpec(name, self) if name == "place" else None

        def create_module(self, spec: ModuleSpec) -> None:
            return None

        def exec_module(self, module: Any) -> None:
            module.late = True

    (folder / "place.hpy1.so").touch()
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Late()])
    try:
        assert importlib.import_module("place").late
    finally:
        sys.modules.pop("place", None)


def test_a_replaced_import_function_still_has_the_hint(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__
    monkeypatch.setattr(builtins, "__import__", lambda *args, **kw: original(*args, **kw))
    (folder / "place.hpy1.so").touch()

    with pytest.raises(ModuleNotFoundError, match=r"place\.hpy1\.so is there"):
        exec("import place")


def test_an_unreadable_file_is_found_and_refused_with_its_reason(
    folder: Path, child: Callable
) -> None:
    """As root everything can be read: the child becomes nobody."""
    file = put_extension(folder)
    file.chmod(0)
    for above in [folder, *folder.parents]:  # pytest's own folders are for their owner only
        if above.stat().st_uid == os.geteuid() and not above.stat().st_mode & 0o5:
            above.chmod(0o755)
    result = child(
        """
import os, sys
import hpystate
hpystate.install()
sys.path.insert(0, sys.argv[1])
if os.geteuid() == 0:
    os.setegid(65534)
    os.seteuid(65534)
try:
    import place
except ImportError as error:
    print(error.kind, error)
""",
        str(folder),
    )
    assert f"{file}: cannot be loaded: " in result.stdout, result.stderr
    assert os.strerror(13) in result.stdout
