"""test_everywhere.py: binaries of HPy 0.0.4 in several interpreters at once, beside modules of 0.9,
without the GIL, and as they are installed."""

from __future__ import annotations

import importlib
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import Interpreter, compile_snippet
from tests.upstream.old import (
    compile_old,
    compile_old_proof_of_concept,
    compile_old_snippet,
    old_sdist,
    python_include,
)
from tests.versions.sources import DERIVER, KEEPER, KEEPER_0_9, NEW, PROOF

NO_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

#: Imports extensions of both versions from sys.path, and uses each a thousand times.
BOTH = """
    import sys
    import hpystate
    hpystate.install()
    sys.path[:0] = {folders!r}
    import deriver, keeper, newer, newkeeper

    class Mine:
        pass

    def work():
        for number in range(1000):
            mine = Mine()
            keeper.put(mine)
            newkeeper.put(mine)
            assert keeper.get() is newkeeper.get() is mine
            assert keeper.last(1, 2, mine) is mine
            assert keeper.Box(newer.Num()).open().twice(number) == 2 * number
        both = deriver.derive(newer.Num)
        assert (both().twice(21), both().thrice(14)) == (42, 42)
        assert both.__mro__[1] is newer.Num
        return [id(of) for of in (keeper.Box, newer.Num, both)]

    alive.append(work)
    answer = work()
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """To import from: extensions of 0.0.4 and of 0.9, and upstream's proof of concept."""
    old = compile_old_proof_of_concept(tmp_path_factory.mktemp("old"))
    compile_old_snippet("keeper", KEEPER, old)
    compile_old_snippet("deriver", DERIVER, old)
    new = compile_snippet("newer", NEW), compile_snippet("newkeeper", KEEPER_0_9)
    return [str(old), *(str(file.parent) for file in new)]


# ---- beside 0.9 --------------------------------------------------------------------------------


def test_both_versions_work_in_a_subinterpreter(
    folders: list[str], interpreter: Interpreter
) -> None:
    types = interpreter.run("alive = []\n" + BOTH.format(folders=folders).replace("\n    ", "\n"))

    assert len(set(types)) == 3


def test_both_versions_work_in_interpreters_that_run_at_once(
    folders: list[str], child: Callable
) -> None:
    """In main and two own-GIL interpreters, each on a thread of its own. Every one has types and
    values of its own, for both versions. In a process of its own: a crash is told as one."""
    code = "alive = []\n" + BOTH.format(folders=folders).replace("\n    ", "\n")
    result = child(f"""
import threading
from hpystate.testing import Interpreter
code = {code!r}
found = []
with Interpreter("own") as one, Interpreter("own") as two:
    begin = threading.Barrier(3)
    def work(run):
        begin.wait()
        found.append(run(code))
    def here(code):
        scope = {{}}
        exec(code, scope)
        return scope["answer"]
    threads = [threading.Thread(target=work, args=[run]) for run in (one.run, two.run, here)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
types = [address for answer in found for address in answer]
print(len(types), len(set(types)))
""")

    assert (result.stdout, result.returncode) == ("9 9\n", 0), result.stderr


@pytest.mark.parametrize("mode", ["debug", "trace"])
def test_the_proof_of_concept_works_in_a_mode_beside_0_9(
    mode: str, folders: list[str], interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HPY", mode)

    interpreter.run(PROOF.format(folder=folders[0]))
    interpreter.run("alive = []\n" + BOTH.format(folders=folders).replace("\n    ", "\n"))


# ---- as it is installed ------------------------------------------------------------------------


def test_the_file_is_found_before_the_stub_of_upstreams_build(
    folders: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stub imports pkg_resources, which setuptools has removed."""
    (tmp_path / "pof.hpy.so").write_bytes(Path(folders[0], "pof.hpy.so").read_bytes())
    (tmp_path / "pof.py").write_text("raise ImportError('no pkg_resources')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(sys.modules, "pof", raising=False)
    try:
        module = importlib.import_module("pof")
        assert module.__file__ == module.__spec__.origin == str(tmp_path / "pof.hpy.so")
        assert module.double(21) == 42
    finally:
        sys.modules.pop("pof", None)


# ---- without the GIL ---------------------------------------------------------------------------

# Prints whether the GIL is on, and the name that a warning gives.
GIL = """
import os, re, sys, warnings
for name in ("HPYSTATE_GIL", "PYTHON_GIL"):
    os.environ.pop(name, None)
import hpystate
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    keeper = hpystate.load("keeper", sys.argv[1], **eval(sys.argv[2]))
on = getattr(sys, "_is_gil_enabled", lambda: True)()
messages = [str(w.message) for w in caught]
print("on" if on else "off", *re.findall("load module '(.*?)'", " ".join(messages)))
"""


@pytest.mark.parametrize(
    ("options", "without_gil"),
    [
        ("{}", "on keeper"),
        ("{'gil': False}", "off"),
        ("{'gil': False, 'mode': 'debug'}", "on keeper"),
    ],
)
def test_a_file_of_0_0_4_brings_the_gil_back_unless_told_otherwise(
    options: str,
    without_gil: str,
    folders: list[str],
    child: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """0.0.4 has no way to declare that a module needs no GIL."""
    monkeypatch.delenv("HPYSTATE_GIL", raising=False)
    monkeypatch.delenv("PYTHON_GIL", raising=False)

    result = child(GIL, str(Path(folders[0], "keeper.hpy.so")), options)
    assert (result.stdout.strip(), result.returncode) == (without_gil if NO_GIL else "on", 0)


def test_threads_call_one_module_at_once(folders: list[str]) -> None:
    """tests/conftest.py keeps the GIL off, where there is a Python without one."""
    keeper = hpystate.load("keeper", Path(folders[0], "keeper.hpy.so"))
    wrong: list[object] = []

    def work(number: int) -> None:
        for _ in range(2000):
            box = keeper.Box(number)
            keeper.put(number)
            if box.open() != number or keeper.last(box, number) != number:
                wrong.append(number)
            if keeper.get() not in range(4):
                wrong.append(keeper.get())

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# ---- the examples of 0.0.4's documentation -----------------------------------------------------


def test_the_examples_of_its_documentation_work(tmp_path: Path) -> None:
    examples = old_sdist() / "docs" / "examples"
    sources = {file.stem: file for file in examples.rglob("*.c")}
    assert sorted(sources) == ["hpyvarargs", "mixed", "simple", "snippets"]
    # mixed.c uses the C API and includes hpy.h alone, which has Python.h for CPython's ABI only.
    flags = ["-g", "-O1", python_include(), "-include", "Python.h"]
    loaded = {
        name: hpystate.load(name, compile_old(name, [file], tmp_path, flags=flags))
        for name, file in sources.items()
    }

    assert loaded["simple"].myabs(-42) == loaded["simple"].myabs(42) == 42
    assert loaded["hpyvarargs"].add_ints(40, 2) == 42
    assert loaded["mixed"].add_ints(40, 2) == loaded["mixed"].add_ints_legacy(40, 2) == 42
    same = loaded["snippets"].test_foo_and_is_same_object
    assert (same(same, same), same(1, 2)) == (1, 0)


def test_debug_mode_finds_the_leak_of_its_documentation(tmp_path: Path) -> None:
    from hpystate.debug import HPyLeakError, LeakDetector

    source = old_sdist() / "docs" / "examples" / "snippets" / "snippets.c"
    file = compile_old("snippets", [source], tmp_path)
    snippets = hpystate.load("snippets", file, mode="debug")

    with pytest.raises(HPyLeakError, match="1 unclosed handle:\n.*for 42>"), LeakDetector():
        snippets.test_leak_stacktrace()
