"""test_install.py: install() at any moment, in any thread, and what `hpy.*` is afterwards."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hpystate
from hpystate.finder import HintFinder, HPyFinder
from tests.loader.place import put_extension

NAMES = ["hpy.universal", "hpy.debug", "hpy.debug.leakdetector", "hpy.trace"]

#: What a package like upstream's does when it is imported, by file; AT is where a hook is called.
PACKAGE = {
    "hpy/__init__.py": "",
    "hpy/universal.py": "import sys; _debug = 'theirs'; HOOK('hpy.universal')",
    "hpy/trace.py": "HOOK('hpy.trace')",
    "hpy/debug/__init__.py": (
        "from .leakdetector import LeakDetector\nfrom hpy.universal import _debug\n"
        "HOOK('hpy.debug')"
    ),
    "hpy/debug/leakdetector.py": (
        "HOOK('hpy.debug.leakdetector')\nclass LeakDetector: pass\nHPyLeakError = ValueError"
    ),
}


@pytest.fixture
def upstream(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable]:
    """Puts such a package on sys.path, nothing installed; returns a function that sets its hook."""
    hpystate.uninstall()
    dropped = {name: sys.modules.pop(name) for name in list(sys.modules) if is_hpy(name)}
    for file, text in PACKAGE.items():
        path = tmp_path / file
        path.parent.mkdir(exist_ok=True)
        path.write_text("import builtins; HOOK = builtins.theirs_is_imported\n" + text)
    monkeypatch.syspath_prepend(str(tmp_path))

    def call(hook: Callable[[str], None]) -> None:
        monkeypatch.setattr("builtins.theirs_is_imported", hook, raising=False)

    call(lambda name: None)
    yield call
    hpystate.uninstall()
    for name in [name for name in sys.modules if is_hpy(name)]:
        del sys.modules[name]
    sys.modules.update(dropped)


def is_hpy(name: str) -> bool:
    return name == "hpy" or name.startswith("hpy.")


def ours(name: str) -> bool:
    module = importlib.import_module(name)
    parent, _, tail = name.rpartition(".")
    assert getattr(sys.modules[parent], tail) is module
    if name == "hpy.universal":
        return hasattr(module, "__hpystate__")
    return module is sys.modules[name.replace("hpy", "hpystate", 1)]


@pytest.mark.parametrize("moment", NAMES)
@pytest.mark.parametrize("imported", NAMES)
def test_install_may_be_called_while_upstreams_package_is_imported(
    upstream: Callable, imported: str, moment: str
) -> None:
    """By the import itself: a plugin that it loads, an audit hook, a destructor."""
    upstream(lambda name: hpystate.install() if name == moment else None)

    importlib.import_module(imported)  # a KeyError, once

    hpystate.install()
    assert [name for name in NAMES if not ours(name)] == []


@pytest.mark.parametrize("imported", NAMES)
def test_install_waits_for_an_import_in_another_thread(upstream: Callable, imported: str) -> None:
    half_way, errors = threading.Event(), []
    go_on = threading.Event()

    def hook(name: str) -> None:
        if name == imported and threading.current_thread() is importer:
            half_way.set()
            assert go_on.wait(20)

    def import_it() -> None:
        try:
            importlib.import_module(imported)
        except BaseException as error:
            errors.append(error)

    upstream(hook)
    importer = threading.Thread(target=import_it)
    importer.start()
    assert half_way.wait(20)
    threading.Timer(0.1, go_on.set).start()
    hpystate.install()

    assert go_on.is_set()
    importer.join(20)
    assert errors == []
    assert [name for name in NAMES if not ours(name)] == []


def test_two_threads_that_import_and_install_in_turn_wait_for_no_one_for_ever(
    upstream: Callable,
) -> None:
    """Each holds the import lock of the module that the other one's install() asks for."""
    barrier, errors = threading.Barrier(2), []

    def hook(name: str) -> None:
        if name in ("hpy.universal", "hpy.trace"):
            barrier.wait(20)
            hpystate.install()

    def import_it(name: str) -> None:
        try:
            importlib.import_module(name)
        except BaseException as error:
            errors.append(error)

    upstream(hook)
    importlib.import_module("hpy")
    threads = [threading.Thread(target=import_it, args=[n]) for n in ("hpy.universal", "hpy.trace")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert not any(thread.is_alive() for thread in threads)
    assert errors == []
    assert [name for name in NAMES if not ours(name)] == []


def test_a_module_that_upstream_had_imported_is_replaced_everywhere(upstream: Callable) -> None:
    for name in NAMES:
        assert not ours(name)
    hpy = sys.modules["hpy"]

    hpystate.install()

    assert [name for name in NAMES if not ours(name)] == []
    assert hpy.debug.leakdetector.LeakDetector is hpy.debug.LeakDetector
    assert hpy.debug.LeakDetector is sys.modules["hpystate.debug"].LeakDetector


def test_threads_that_install_at_once_put_one_pair_of_finders_in_place() -> None:
    hpystate.uninstall()
    barrier = threading.Barrier(8)

    def install() -> None:
        barrier.wait(20)
        hpystate.install()

    threads = [threading.Thread(target=install) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    for kind in (HPyFinder, HintFinder):
        assert sum(isinstance(finder, kind) for finder in sys.meta_path) == 1
    assert isinstance(sys.meta_path[0], HPyFinder)
    assert isinstance(sys.meta_path[-1], HintFinder)


def test_threads_that_import_one_extension_get_one_module(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    put_extension(tmp_path)
    barrier, found = threading.Barrier(8), []

    def import_it() -> None:
        barrier.wait(20)
        found.append(importlib.import_module("place"))

    try:
        for _ in range(20):
            sys.modules.pop("place", None)
            found.clear()
            threads = [threading.Thread(target=import_it) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(found) == 8
            assert len(set(map(id, found))) == 1
            assert found[0].where() == "here"
    finally:
        sys.modules.pop("place", None)


def test_imports_go_on_while_a_thread_installs_and_uninstalls(child: Callable) -> None:
    result = child("""
import importlib, sys, threading
import hpystate
stop, failed = threading.Event(), []

def switch():
    while not stop.is_set():
        hpystate.install()
        hpystate.uninstall()

def work():
    for _ in range(300):
        for name in ("colorsys", "this_is_nowhere", "quopri"):
            sys.modules.pop(name, None)
            try:
                importlib.import_module(name)
            except ModuleNotFoundError as error:
                if name != "this_is_nowhere":
                    failed.append(error)

sys.setswitchinterval(1e-5)
switcher, worker = threading.Thread(target=switch), threading.Thread(target=work)
switcher.start(); worker.start()
worker.join(); stop.set(); switcher.join()
print(failed)
""")
    assert result.stdout.strip() == "[]", result.stderr


def test_the_package_may_be_dropped_and_imported_anew(tmp_path: Path, child: Callable) -> None:
    """As test runners do that give each test modules of its own."""
    put_extension(tmp_path)
    put_extension(tmp_path, "other_place")
    result = child(
        """
import sys
import hpystate
sys.path.insert(0, sys.argv[1])
hpystate.install()
for name in [name for name in sys.modules if name.startswith("hpystate")]:
    del sys.modules[name]
import hpystate
hpystate.install()
import place, colorsys
print(place.where(), len([f for f in sys.meta_path if type(f).__name__ == "HPyFinder"]))
hpystate.uninstall()
try:
    import other_place
except ModuleNotFoundError as error:
    print(error)
hpystate.install()
import other_place
print(other_place.where())
""",
        str(tmp_path),
    )
    assert result.stdout.splitlines() == [
        "here 1",
        "No module named 'other_place'",
        "here",
    ], result.stderr


@pytest.mark.parametrize("name", ["hpy.trace", "hpy.debug.leakdetector"])
def test_an_alias_may_be_run_as_a_script(name: str, child: Callable) -> None:
    result = child(f"""
import runpy
import hpystate
hpystate.install()
print(sorted(set(runpy.run_module({name!r})) & {{"get_durations", "LeakDetector"}}))
""")
    expected = "get_durations" if name == "hpy.trace" else "LeakDetector"
    assert result.stdout.strip() == str([expected]), result.stderr
