"""test_finder.py: `import x` finds x.hpy0.so, in every interpreter, whatever lies beside it."""

from __future__ import annotations

import copy
import errno
import fnmatch
import importlib
import inspect
import io
import os
import pickle
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension
from hpystate.finder import HPyFinder
from hpystate.policy import interpreters_from_environment, mode_from_environment
from hpystate.testing import Interpreter
from tests.limits.limits import run
from tests.loader.place import put_extension

SOURCE = """
    #include <hpy.h>
    HPyDef_METH(where, "where", HPyFunc_NOARGS, .doc = "Tells where.")
    static HPy where_impl(HPyContext *ctx, HPy self) { return HPyUnicode_FromString(ctx, "here"); }
    static HPyDef *defines[] = {&where, NULL};
    static HPyModuleDef def = {.doc = "A place.", .defines = defines};
    HPy_MODINIT(place, def)
"""

# What upstream's build writes beside the file; own-GIL interpreters refuse pkg_resources.
STUB = "import pkg_resources\nraise AssertionError('the stub was run')\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder on sys.path with place.hpy0.so and its stub."""
    source = tmp_path / "source" / "place.c"
    source.parent.mkdir()
    source.write_text(SOURCE)
    path = tmp_path / "path"
    compile_extension("place", [source], path)
    (path / "place.py").write_text(STUB)
    monkeypatch.syspath_prepend(str(path))
    yield path
    for name in [name for name in sys.modules if name.split(".")[0] in ("place", "pack", "other")]:
        del sys.modules[name]


def test_the_file_is_found_and_its_stub_is_not_run(folder: Path) -> None:
    import place

    assert place.where() == "here"
    assert place.__file__ == str(folder / "place.hpy0.so")
    assert (place.__name__, place.__package__, place.__doc__) == ("place", "", "A place.")
    assert place.__spec__.origin == place.__file__


def test_the_file_is_found_in_every_kind_of_interpreter(
    folder: Path, interpreter: Interpreter
) -> None:
    answer = interpreter.run("""
        import hpystate
        hpystate.install()
        import place
        answer = place.where(), place.__file__
    """)
    # sys.path was taken over when the interpreter was made; the folder came later
    assert answer == ("here", str(folder / "place.hpy0.so"))


@pytest.fixture
def interpreter(folder: Path, request: pytest.FixtureRequest) -> Iterator[Interpreter]:
    """Made after the folder was put on sys.path, which it takes over."""
    with Interpreter(gil=request.param) as made:
        yield made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "interpreter" in metafunc.fixturenames:
        metafunc.parametrize("interpreter", ["own", "shared"], indirect=True)


def test_a_module_in_a_package_is_found(folder: Path) -> None:
    package = folder / "pack"
    package.mkdir()
    (package / "__init__.py").touch()
    os.rename(folder / "place.hpy0.so", package / "place.hpy0.so")
    (folder / "place.py").unlink()

    module = importlib.import_module("pack.place")

    assert (module.__name__, module.__package__) == ("pack.place", "pack")
    assert module.where() == "here"
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("place")


def test_a_file_that_appears_later_is_found(folder: Path) -> None:
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module("other")
    source = (folder.parent / "source" / "place.c").read_text().replace("(place,", "(other,")
    (folder.parent / "source" / "other.c").write_text(source)
    compile_extension("other", [folder.parent / "source" / "other.c"], folder)
    importlib.invalidate_caches()

    assert importlib.import_module("other").where() == "here"


def test_functions_of_a_module_are_like_those_of_builtin_ones(folder: Path) -> None:
    import place

    assert place.where.__module__ == "place"
    assert place.where.__self__ is place
    assert place.where.__name__ == place.where.__qualname__ == "where"
    assert inspect.getdoc(place.where) == "Tells where."
    assert pickle.loads(pickle.dumps(place.where)) is place.where
    assert copy.copy(place.where) is place.where


def test_a_reload_runs_nothing_again(folder: Path) -> None:
    import place

    assert importlib.reload(place) is place
    assert place.where() == "here"


def test_a_module_may_be_removed_and_imported_again(folder: Path) -> None:
    import place as first

    del sys.modules["place"]
    import place as second

    assert first is not second
    assert first.where() == second.where() == "here"


def test_installing_twice_puts_one_finder_in_place() -> None:
    hpystate.install()
    hpystate.install()

    assert sum(isinstance(finder, HPyFinder) for finder in sys.meta_path) == 1
    hpystate.uninstall()
    assert not any(isinstance(finder, HPyFinder) for finder in sys.meta_path)


def test_paths_that_are_no_folders_are_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(folder / "not there"))
    monkeypatch.syspath_prepend(str(folder / "place.py"))
    import place

    assert place.where() == "here"


def test_a_path_like_object_and_a_relative_path_are_accepted(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    assert hpystate.load("place", Path("place.hpy0.so")).where() == "here"
    assert hpystate.load("place", "place.hpy0.so").__file__ == str(folder / "place.hpy0.so")
    assert "place" not in sys.modules


#: What the package may import in every interpreter: what nearly every program has anyway, and ours;
#: `warnings` is imported by 3.12's importlib.
LIGHT = set(
    """__future__ _abc _collections_abc _stat abc errno genericpath os os.path posixpath stat
    importlib importlib._bootstrap importlib._bootstrap_external warnings
    hpystate hpystate._native hpystate.errors hpystate.finder hpystate.policy""".split()
)


def test_the_package_imports_nothing_heavy(tmp_path: Path) -> None:
    """CPython 3.12 never ends a subinterpreter whose first `import threading` ran on a thread that
    is gone, and importlib.util imports that from 3.12.3 on. What an interpreter has imported costs
    memory for good besides."""
    put_extension(tmp_path)
    stage = os.path.dirname(STAGE)
    result = run([sys.executable, "-S", "-E", "-I", "-c", IMPORT, stage, str(tmp_path)])
    assert result.returncode == 0, result.stderr
    imported = set(result.stdout.split())
    assert "hpystate.finder" in imported
    assert imported - LIGHT == {"place"}


STAGE = os.path.dirname(hpystate.__file__)
IMPORT = """
import sys
sys.path[:0] = sys.argv[1:]
before = set(sys.modules)
import hpystate
hpystate.install()
hpystate.load("place", sys.argv[2] + "/place.hpy0.so").where()
import place
try:
    import nosuchmodule
except ModuleNotFoundError:
    pass
hpystate.uninstall()
print(*set(sys.modules) - before)
"""


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        (None, "universal"),
        ("", "universal"),
        (" ", "universal"),
        ("debug", "debug"),
        ("TRACE", "trace"),
        ("place:debug,other:trace", "debug"),
        ("other:trace", "universal"),
    ],
)
def test_the_mode_is_what_the_environment_says(said: str | None, mode: str) -> None:
    environment = {} if said is None else {"HPY": said}

    assert mode_from_environment("place", environment) == mode


def test_a_module_of_a_package_goes_by_both_names() -> None:
    for said in ("pack.place:trace", "other:debug,place:trace"):
        assert mode_from_environment("pack.place", {"HPY": said}) == "trace"
    assert mode_from_environment("place", {"HPY": "pack.place:trace"}) == "universal"


def test_an_import_takes_its_mode_from_the_environment_and_says_so(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Upstream's words; hpystate.load, which is told the mode, is silent."""
    monkeypatch.setenv("HPY", "place:debug")
    monkeypatch.setenv("HPY_LOG", "")

    place = importlib.import_module("place")

    assert capsys.readouterr().out == "Loading 'place' in HPy universal mode with a debug context\n"
    hpystate.load("place", place.__file__)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("said", "mode"), [("fast", "fast"), ("other:trace,place:Fast", "fast"), ("place:", "")]
)
def test_a_mode_that_hpy_does_not_have_is_an_error(said: str, mode: str) -> None:
    """Upstream's text is interface; what follows it names the variable and what it may say."""
    with pytest.raises(ValueError, match=f"^invalid HPy mode: {said}") as caught:
        mode_from_environment("place", {"HPY": said})
    assert str(caught.value) == (
        f"invalid HPy mode: {said}. The environment variable HPY names the mode {mode!r} for the"
        " module 'place'; universal, debug or trace was expected. Set HPY=debug, or HPY=place:debug"
        " for this module alone."
    )


def test_an_empty_hpy_is_as_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HPY", "")

    assert importlib.import_module("place").where() == "here"


def test_without_a_stdout_modules_are_imported_and_nothing_is_said(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As under pythonw, in a daemon, and in a program that closed it."""
    monkeypatch.setenv("HPY_LOG", "1")
    monkeypatch.setattr(sys, "stdout", None)

    assert importlib.import_module("place").where() == "here"


class Full(io.StringIO):
    """A file on a disk that is full."""

    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def closed() -> io.StringIO:
    file = io.StringIO()
    file.close()
    return file


@pytest.mark.parametrize(
    "make",
    [Full, closed, lambda: io.TextIOWrapper(io.BytesIO(), "ascii")],
    ids=["full", "closed", "ascii"],
)
def test_a_stdout_that_does_not_take_the_line_is_a_warning(
    folder: Path, monkeypatch: pytest.MonkeyPatch, make: Callable
) -> None:
    package = folder / "größe"
    package.mkdir()
    os.rename(folder / "place.hpy0.so", package / "place.hpy0.so")
    monkeypatch.setenv("HPY_LOG", "1")
    try:
        with pytest.warns(RuntimeWarning, match="HPY_LOG: the line .* could not be written"):
            monkeypatch.setattr(sys, "stdout", make())
            place = importlib.import_module("größe.place")
    finally:
        monkeypatch.setattr(sys, "stdout", sys.__stdout__)
        sys.modules.pop("größe.place", None)
        sys.modules.pop("größe", None)
    assert place.where() == "here"


def test_the_first_pattern_that_matches_decides() -> None:
    environment = {"HPYSTATE_INTERPRETERS": "pl*=main, *=shared-gil"}

    assert interpreters_from_environment("place", environment) == "main"
    assert interpreters_from_environment("other", environment) == "shared-gil"
    assert interpreters_from_environment("place", {}) is None


@pytest.mark.parametrize(
    "pattern", ["place", "pl*", "*", "p*e", "pl?ce", "[op]lace", "**", "pl", "plac*e", "other*", ""]
)
@pytest.mark.parametrize("name", ["place", "pack.place", "place.inner"])
def test_patterns_mean_what_fnmatch_says(name: str, pattern: str) -> None:
    said = interpreters_from_environment(name, {"HPYSTATE_INTERPRETERS": f"{pattern}=main"})

    assert said == ("main" if fnmatch.fnmatchcase(name, pattern) else None)


@pytest.mark.parametrize("patterns", ["*=own-gil", "pack.*=main,place=own-gil"])
def test_plain_patterns_import_nothing(
    folder: Path, patterns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CPython 3.13t keeps for good what an interpreter imports: `re` is a MiB of each."""
    monkeypatch.setenv("HPYSTATE_INTERPRETERS", patterns)
    with Interpreter("own") as interpreter:
        imported = interpreter.run(f"""
            import os, pickle, sys, hpystate
            before = set(sys.modules)
            hpystate.load("place", {str(folder / "place.hpy0.so")!r})
            answer = sorted(set(sys.modules) - before)
        """)

    assert imported == []
