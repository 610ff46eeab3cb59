"""test_finder_order.py: which file an import takes: the same as for CPython's own extensions.

Long: a table of layouts of a path, each compared with CPython.
"""

from __future__ import annotations

import functools
import importlib
import importlib.machinery
import importlib.resources
import importlib.util
import inspect
import os
import pickle
import pkgutil
import runpy
import sys
import sysconfig
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import FileFinder
from pathlib import Path

import pytest

import hpystate
from hpystate.finder import HYBRID_SUFFIX, SUFFIX
from tests.loader.place import put_extension

PLAIN = "def where(): return 'plain Python'\n"


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Two folders, first on sys.path in this order."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (second, first):
        folder.mkdir()
        monkeypatch.syspath_prepend(str(folder))
    before = set(sys.modules)
    yield first, second
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("place", "pack"):
            del sys.modules[name]


def where() -> str:
    """What `import place` takes."""
    importlib.invalidate_caches()
    return importlib.import_module("place").where()


# ---- the first entry wins ----------------------------------------------------------------------


def test_a_python_file_in_an_earlier_entry_wins(path: tuple[Path, Path]) -> None:
    (path[0] / "place.py").write_text(PLAIN)
    put_extension(path[1])

    assert where() == "plain Python"


def test_the_extension_in_an_earlier_entry_wins(path: tuple[Path, Path]) -> None:
    put_extension(path[0])
    (path[1] / "place.py").write_text(PLAIN)

    assert where() == "here"


def test_an_extension_of_cpython_in_an_earlier_entry_wins(path: tuple[Path, Path]) -> None:
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    theirs = path[0] / f"place{suffix}"
    theirs.touch()
    put_extension(path[1])

    assert importlib.util.find_spec("place").origin == str(theirs)


def test_an_archive_in_an_earlier_entry_wins(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = path[0] / "archive.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("place.py", PLAIN)
    put_extension(path[1])
    monkeypatch.syspath_prepend(str(archive))

    assert where() == "plain Python"


def test_the_extension_before_an_archive_wins(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = path[1] / "archive.zip"
    with zipfile.ZipFile(archive, "w") as writer:
        writer.writestr("place.py", PLAIN)
    put_extension(path[0])
    monkeypatch.setattr(sys, "path", [str(path[0]), str(archive), *sys.path])

    assert where() == "here"


def test_a_portion_of_a_namespace_in_an_earlier_entry_does_not_win(
    path: tuple[Path, Path],
) -> None:
    (path[0] / "place").mkdir()
    put_extension(path[1])

    assert where() == "here"


def test_a_package_in_an_earlier_entry_wins(path: tuple[Path, Path]) -> None:
    (path[0] / "place").mkdir()
    (path[0] / "place" / "__init__.py").write_text(PLAIN)
    put_extension(path[1])

    assert where() == "plain Python"


def test_the_order_is_that_of_the_package_too(path: tuple[Path, Path]) -> None:
    """`pack` is a namespace package of both folders."""
    for folder in path:
        (folder / "pack").mkdir()
    (path[0] / "pack" / "place.py").write_text(PLAIN)
    put_extension(path[1] / "pack")
    put_extension(path[1] / "pack", "other_place")

    assert importlib.import_module("pack.place").where() == "plain Python"
    assert importlib.import_module("pack.other_place").where() == "here"


def test_a_change_of_the_path_is_followed(path: tuple[Path, Path]) -> None:
    (path[0] / "place.py").write_text(PLAIN)
    put_extension(path[1])
    assert where() == "plain Python"

    sys.path.remove(str(path[0]))
    del sys.modules["place"]
    assert where() == "here"


# ---- in one folder -----------------------------------------------------------------------------


def test_in_a_folder_the_extension_comes_before_python_and_the_universal_one_first(
    path: tuple[Path, Path],
) -> None:
    (path[0] / "place.py").write_text("raise AssertionError('the stub was run')\n")
    hybrid = put_extension(path[0], file=f"place{HYBRID_SUFFIX}")
    assert importlib.util.find_spec("place").origin == str(hybrid)

    universal = put_extension(path[0])
    importlib.invalidate_caches()
    assert importlib.util.find_spec("place").origin == str(universal)
    assert where() == "here"


def test_in_a_folder_a_package_comes_before_the_extension(path: tuple[Path, Path]) -> None:
    put_extension(path[0])
    (path[0] / "place").mkdir()
    (path[0] / "place" / "__init__.py").write_text(PLAIN)

    assert where() == "plain Python"


def test_a_folder_without_init_does_not_hide_the_extension(path: tuple[Path, Path]) -> None:
    put_extension(path[0])
    (path[0] / "place").mkdir()

    assert where() == "here"


def test_an_extension_may_be_a_package(path: tuple[Path, Path]) -> None:
    put_extension(path[0] / "place", "place", "__init__.hpy0.so")
    (path[0] / "place" / "inner.py").write_text("value = 3\n")

    assert where() == "here"
    place = sys.modules["place"]
    assert place.__path__ == [str(path[0] / "place")]
    assert place.__spec__.loader.is_package("place")
    assert importlib.import_module("place.inner").value == 3


@pytest.mark.parametrize("kind", ["folder", "broken link"])
def test_what_is_no_file_is_passed_over(path: tuple[Path, Path], kind: str) -> None:
    if kind == "folder":
        (path[0] / f"place{SUFFIX}").mkdir()
    else:
        (path[0] / f"place{SUFFIX}").symlink_to(path[0] / "gone")
    (path[1] / "place.py").write_text(PLAIN)

    assert where() == "plain Python"


def test_the_case_of_letters_matters(path: tuple[Path, Path]) -> None:
    put_extension(path[0], file=f"Place{SUFFIX}")

    with pytest.raises(ModuleNotFoundError):
        where()


# ---- strange entries ---------------------------------------------------------------------------


def test_entries_that_are_no_folders_are_passed_over(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = put_extension(path[1])
    entries = [None, 7, b"bytes", [], Path("/"), str(file), "/not/there", *sys.path]
    monkeypatch.setattr(sys, "path", entries)

    assert where() == "here"


@pytest.mark.parametrize("entry", ["", ".", "first"])
def test_relative_entries_mean_the_current_directory(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, entry: str
) -> None:
    file = put_extension(path[0])
    monkeypatch.chdir(path[0].parent if entry == "first" else path[0])
    others = [other for other in sys.path if other != str(path[0])]
    monkeypatch.setattr(sys, "path", [entry, *others])

    assert where() == "here"
    assert sys.modules["place"].__file__ == str(file)


def test_a_deleted_current_directory_stops_no_import(child: Callable, path: tuple) -> None:
    put_extension(path[0])
    result = child(
        """
import os, sys, tempfile
import hpystate
hpystate.install()
folder = tempfile.mkdtemp()
os.chdir(folder)
os.rmdir(folder)
sys.path[:0] = ["", sys.argv[1]]
import colorsys
import place
print(place.where())
try:
    import nosuchmodule
except ModuleNotFoundError as error:
    print(error)
try:
    hpystate.load("place", "place.hpy0.so")
except ImportError as error:
    print(error.kind, error)
""",
        str(path[0]),
    )
    assert result.stdout.splitlines() == [
        "here",
        "No module named 'nosuchmodule'",
        "open-failed place.hpy0.so: cannot be loaded: the path is relative, and the current "
        "directory was deleted. Give the whole path.",
    ], result.stderr


def test_an_entry_that_is_not_utf_8_is_a_folder_like_others(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = os.fsdecode(os.fsencode(path[0]) + b"/caf\xe9")
    os.mkdir(folder)
    put_extension(path[1])
    os.rename(path[1] / "place.hpy0.so", os.path.join(folder, "place.hpy0.so"))
    monkeypatch.syspath_prepend(folder)

    assert where() == "here"
    assert os.fsencode(sys.modules["place"].__file__).endswith(b"/caf\xe9/place.hpy0.so")


def test_a_package_may_have_letters_beyond_ascii(path: tuple[Path, Path]) -> None:
    put_extension(path[0] / "größe")
    try:
        module = importlib.import_module("größe.place")
        assert (module.where(), module.__name__) == ("here", "größe.place")
        assert module.where.__module__ == "größe.place"
    finally:
        sys.modules.pop("größe.place", None)
        sys.modules.pop("größe", None)


def test_a_module_whose_functions_c_cannot_name_is_refused(path: tuple[Path, Path]) -> None:
    put_extension(path[0], file="größe.hpy0.so")

    with pytest.raises(hpystate.LoadError, match="'größe' does not end in an ASCII name") as caught:
        importlib.import_module("größe")
    assert caught.value.kind == "bad-name"


def test_a_name_that_is_not_utf_8_is_refused(path: tuple[Path, Path]) -> None:
    name = os.fsdecode(b"caf\xe9")
    put_extension(path[1])
    os.rename(path[1] / "place.hpy0.so", path[0] / f"{name}.hpy0.so")

    for import_ in (
        importlib.import_module,
        functools.partial(hpystate.load, path=path[0] / f"{name}.hpy0.so"),
    ):
        with pytest.raises(hpystate.LoadError, match=r"name 'caf.udce9' has characters") as caught:
            import_(name)
        assert caught.value.kind == "bad-name"


# ---- hooks of other libraries ------------------------------------------------------------------


class TheirLoader(importlib.machinery.SourceFileLoader):
    """A loader of another library, which changes what it reads."""

    def get_data(self, path: str) -> bytes:
        return super().get_data(path).replace(b"plain", b"changed")


@pytest.mark.parametrize("installed_first", [True, False], ids=["ours first", "theirs first"])
def test_a_hook_for_folders_of_another_library_goes_on_working(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch, installed_first: bool
) -> None:
    """As `beartype.claw` has it."""
    put_extension(path[0])
    (path[0] / "changed_place.py").write_text(PLAIN)
    suffixes = importlib.machinery.EXTENSION_SUFFIXES
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))

    hpystate.uninstall()
    if installed_first:
        hpystate.install()
    theirs = FileFinder.path_hook(
        (importlib.machinery.ExtensionFileLoader, suffixes), (TheirLoader, [".py"])
    )
    sys.path_hooks.insert(0, theirs)
    sys.path_importer_cache.clear()
    try:
        hpystate.install()
        assert where() == "here"
        assert importlib.import_module("changed_place").where() == "changed Python"
    finally:
        sys.modules.pop("changed_place", None)
        sys.path_importer_cache.clear()


def test_a_hook_that_comes_later_is_noticed_at_the_next_import(
    path: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    put_extension(path[0])
    monkeypatch.setattr(sys, "path_hooks", list(sys.path_hooks))
    sys.path_hooks.insert(0, FileFinder.path_hook((TheirLoader, [".py"])))
    sys.path_importer_cache.clear()
    try:
        assert where() == "here"
    finally:
        sys.path_importer_cache.clear()


def test_uninstalling_leaves_the_import_machinery_as_it_was(path: tuple[Path, Path]) -> None:
    def machinery() -> tuple:
        finder = sys.path_importer_cache[str(path[0])]
        suffixes = list(importlib.machinery.EXTENSION_SUFFIXES)
        return list(sys.meta_path), list(sys.path_hooks), suffixes, list(finder._loaders)

    put_extension(path[0])
    hpystate.uninstall()
    assert importlib.util.find_spec("place") is None
    before = machinery()

    hpystate.install()
    assert importlib.util.find_spec("place") is not None
    assert machinery() != before

    hpystate.uninstall()
    assert machinery() == before
    assert importlib.util.find_spec("place") is None


# ---- what asks the machinery -------------------------------------------------------------------


def test_the_spec_says_what_that_of_a_c_extension_says(path: tuple[Path, Path]) -> None:
    (path[0] / "pack").mkdir()
    (path[0] / "pack" / "__init__.py").touch()
    file = put_extension(path[0] / "pack")

    spec = importlib.util.find_spec("pack.place")

    assert (spec.origin, spec.has_location, spec.cached) == (str(file), True, None)
    assert (spec.parent, spec.submodule_search_locations, spec.loader_state) == ("pack", None, None)
    loader = spec.loader
    assert isinstance(loader, importlib.machinery.ExtensionFileLoader)
    assert loader.get_code("pack.place") is loader.get_source("pack.place") is None
    assert loader.get_filename("pack.place") == str(file)
    assert loader.get_data(str(file)) == file.read_bytes()
    assert pickle.loads(pickle.dumps(loader)) == loader


def test_running_it_as_a_script_is_the_error_of_a_c_extension(path: tuple[Path, Path]) -> None:
    put_extension(path[0])

    with pytest.raises(ImportError, match="No code object available for place"):
        runpy.run_module("place")


def test_it_is_listed_among_the_modules_of_a_folder(path: tuple[Path, Path]) -> None:
    package = path[0] / "pack"
    put_extension(package)
    put_extension(package, file=f"other_place{HYBRID_SUFFIX}")
    put_extension(package, file="stranger.hpy0-cp399.so")
    put_extension(package, file="ancient.hpy.so")  # of HPy 0.0.4, by its name
    (package / "__init__.py").touch()
    (package / "place.py").touch()

    listed = [found.name for found in pkgutil.iter_modules([str(package)])]
    assert listed == ["ancient", "other_place", "place"]
    walked = [found.name for found in pkgutil.walk_packages([str(path[0])])]
    assert walked == ["pack", "pack.ancient", "pack.other_place", "pack.place"]
    assert inspect.getmodulename(str(package / "place.hpy0.so")) == "place"


def test_there_is_no_source_to_show(path: tuple[Path, Path]) -> None:
    put_extension(path[0])
    place = importlib.import_module("place")

    assert inspect.getsourcefile(place) is None
    with pytest.raises(OSError, match="source code not available|could not get source code"):
        inspect.getsource(place)


def test_resources_beside_it_are_found(path: tuple[Path, Path]) -> None:
    package = path[0] / "place"
    put_extension(package, "place", "__init__.hpy0.so")
    (package / "text.txt").write_text("some text")
    importlib.invalidate_caches()
    place = importlib.import_module("place")

    assert importlib.resources.files(place).joinpath("text.txt").read_text() == "some text"
    assert pkgutil.get_data("place", "text.txt") == b"some text"
