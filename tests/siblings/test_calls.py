"""test_calls.py: an extension calls the C functions that another one publishes."""

from __future__ import annotations

import importlib.util
import itertools
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import _native, debug
from hpystate.build import compile_extension
from hpystate.demo.upstream import upstream_python
from hpystate.testing import Interpreter
from tests.conftest import WITH_UPSTREAM, Child
from tests.siblings import at_once, checks
from tests.siblings.conftest import (
    EXPECTED,
    HERE,
    MODES,
    NAMES,
    PAIRS,
    Files,
    Load,
    compile_pair,
    compile_with_later_header,
)


@pytest.mark.parametrize(("lender_mode", "borrower_mode"), PAIRS)
def test_every_mode_calls_every_mode(load: Load, lender_mode: str, borrower_mode: str) -> None:
    """The functions run in the caller's mode, with the caller's handles."""
    lender, borrower = load(lender_mode, borrower_mode)

    assert checks.everything(lender, borrower) == EXPECTED
    assert borrower.name() == NAMES[borrower_mode]
    assert borrower.context_by_table() is True


def import_compiled(name: str, folder: Path) -> ModuleType:
    """Compiled for the CPython ABI, imported by CPython's own loader."""
    path = compile_extension(name, [HERE / f"{name}.c"], folder, abi="cpython")
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("mode", MODES)
def test_a_caller_in_every_mode_calls_a_file_of_the_cpython_abi(
    tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its functions run with the plain context: a handle of debug mode is made one of that."""
    lender = import_compiled("lender", tmp_path)
    monkeypatch.setitem(sys.modules, "lender", lender)
    borrower = hpystate.load("borrower", compile_pair(tmp_path, "borrower"), mode=mode)
    with debug.LeakDetector():
        found = checks.everything(lender, borrower)

    assert found == EXPECTED


def test_files_of_the_cpython_abi_call_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lender = import_compiled("lender", tmp_path)
    monkeypatch.setitem(sys.modules, "lender", lender)

    assert checks.everything(lender, import_compiled("borrower", tmp_path)) == EXPECTED


@pytest.mark.parametrize("mode", MODES)
def test_a_caller_of_another_version_asks_the_runtime_for_each_context(
    load: Load, files: Files, another_version: Path, mode: str
) -> None:
    lender, borrower = load("universal", mode, (files[0], another_version))

    assert checks.everything(lender, borrower) == EXPECTED
    assert borrower.name() == NAMES[mode]
    assert checks.references(borrower) == 0


@pytest.mark.parametrize(("lender_mode", "borrower_mode"), PAIRS)
def test_no_call_leaves_a_reference_or_a_handle(
    load: Load, lender_mode: str, borrower_mode: str
) -> None:
    lender, borrower = load(lender_mode, borrower_mode)
    checks.everything(lender, borrower)
    with debug.LeakDetector():  # handles of debug mode that stay open
        grown = checks.references(borrower)

    # Closed handles of debug mode keep no object.
    assert grown == 0


@pytest.mark.parametrize("modes", PAIRS)
def test_three_interpreters_call_at_once_and_see_their_own_globals(
    load: Load, files: Files, modes: tuple[str, str]
) -> None:
    assert at_once.wrong_answers(load(*modes), files, modes, EXPECTED) == []


# ---- handles of one mode in a context of another -----------------------------------------------

CROSS = list(itertools.permutations(MODES, 2))


@pytest.mark.parametrize(("outer_mode", "inner_mode"), CROSS)
def test_a_handle_is_lent_to_a_context_of_another_mode_and_given_back(
    load: Load, files: Files, outer_mode: str, inner_mode: str
) -> None:
    _, outer = load("universal", outer_mode)
    inner = hpystate.load("borrower", files[1], mode=inner_mode)
    value = checks.Value()

    def cross() -> object:
        other = outer.outer_context()
        return [inner.through(other, value) for _ in range(50)]

    found = outer.outer_call(cross)
    before = sys.getrefcount(value)
    del found[1:]
    assert found == [value]
    assert sys.getrefcount(value) == before - 49


@pytest.mark.parametrize("mode", ["universal", "trace"])
def test_a_handle_of_debug_mode_with_a_plain_context_is_refused(
    load: Load, files: Files, mode: str
) -> None:
    _, outer = load("universal", mode)
    inner = hpystate.load("borrower", files[1], mode="debug")

    def cross() -> object:
        return inner.with_wrong_context(outer.outer_context(), checks.Value())

    with pytest.raises(SystemError, match="hpystate_lend: the handle belongs to debug mode, and"):
        outer.outer_call(cross)


def test_a_plain_handle_with_a_context_of_debug_mode_is_reported(
    files: Files, child: Child
) -> None:
    script = f"""
import sys
sys.path[:] = {sys.path!r}
import hpystate
from hpystate import debug
sys.modules["lender"] = hpystate.load("lender", {str(files[0])!r})
outer = hpystate.load("borrower", {str(files[1])!r}, mode="debug")
inner = hpystate.load("borrower", {str(files[1])!r})
print(outer.outer_call(lambda: inner.with_wrong_context(outer.outer_context(), object())))
"""
    result = child(script)

    assert result.returncode != 0
    assert "hpystate_lend" in result.stderr


def test_contexts_of_two_interpreters_are_refused(load: Load, files: Files) -> None:
    """A legacy interpreter shares the GIL: its context can be reached from main's call."""
    _, borrower = load("universal", "universal")
    with Interpreter("shared") as interpreter:
        interpreter.run(at_once.loads(files, ("universal", "universal")))
        other = interpreter.run("answer = borrower.own_context()")
        with pytest.raises(SystemError, match="one context belongs to interpreter 0, the other to"):
            borrower.through(other, checks.Value())


def test_a_context_that_is_null_is_refused(load: Load) -> None:
    _, borrower = load("universal", "universal")

    with pytest.raises(SystemError, match="hpystate_lend: the context is NULL"):
        borrower.through(0, checks.Value())


def test_a_handle_that_cannot_be_given_is_closed(load: Load, files: Files) -> None:
    _, borrower = load("universal", "universal")
    value = checks.Value()
    before = sys.getrefcount(value)
    with pytest.raises(SystemError, match="hpystate_give: the context is NULL"):
        borrower.give(0, value)
    with Interpreter("shared") as interpreter:
        interpreter.run(at_once.loads(files, ("universal", "universal")))
        other = interpreter.run("answer = borrower.own_context()")
        with pytest.raises(SystemError, match="one context belongs to interpreter 0, the other to"):
            borrower.give(other, value)

    assert sys.getrefcount(value) == before


def test_without_the_table_a_handle_that_cannot_be_given_is_closed(
    load: Load, tmp_path: Path
) -> None:
    later = tuple(compile_with_later_header(tmp_path, name) for name in ("lender", "borrower"))
    _, outer = load("universal", "debug", later)
    inner = hpystate.load("borrower", later[1])
    value = checks.Value()
    before = sys.getrefcount(value)
    with pytest.raises(SystemError, match="hpystate_give: the two contexts differ"):
        outer.outer_call(lambda: inner.give(outer.outer_context(), value))

    assert sys.getrefcount(value) == before
    with pytest.raises(LookupError, match="of the function"):
        outer.outer_call(lambda: inner.give(outer.outer_context(), None))


def test_the_exception_of_a_function_that_failed_survives_the_end_of_a_loan(
    load: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, borrower = load("universal", "universal")
    told: list[object] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda found: told.append(str(found.exc_value)))
    with pytest.raises(LookupError, match="of the function"):
        borrower.end_lend(0, checks.Value())
    assert [str(each)[:37] for each in told] == ["hpystate_end_lend: the context is NUL"]
    with pytest.raises(LookupError, match="of the function"):
        borrower.give(0, None)


# ---- HPy's own runtime -------------------------------------------------------------------------


def upstream(files: Files, *modes: int) -> subprocess.CompletedProcess[str]:
    command = [str(upstream_python()), checks.__file__, *map(str, [*files, *modes])]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.slow
@WITH_UPSTREAM
@pytest.mark.parametrize("modes", list(itertools.product((0, 1, 2), repeat=2)))
def test_upstreams_runtime_gets_the_same_for_its_own_version(
    files: Files, modes: tuple[int, int]
) -> None:
    result = upstream(files, *modes)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)

    assert [tuple(each) for each in found["results"]] == EXPECTED
    assert found["references"] == 0
    assert found["table"] == "none"
    assert found["other version"].startswith(
        "RuntimeError: hpystate_context_for: HPy ABI 1.2 was asked for, but the runtime of this "
        "context (HPy "
    )
    assert "has only the version that this extension was compiled for" in found["other version"]


UNDER_BOTH = """
import sys
from importlib.machinery import ModuleSpec
import hpy.universal  # upstream's
sys.path.insert(0, sys.argv[1])
import hpystate

def upstreams(name, path):
    return hpy.universal.load(name, path, ModuleSpec(name, None, origin=path), mode=0)

order = {"lender": sys.argv[4], "borrower": "ours" if sys.argv[4] == "upstream" else "upstream"}
try:
    for name, path in zip(order, sys.argv[2:4]):
        load = hpystate.load if order[name] == "ours" else upstreams
        sys.modules[name] = load(name, path)
    print("loaded")
except ImportError as error:
    print(error)
"""


@pytest.mark.slow
@WITH_UPSTREAM
@pytest.mark.parametrize("lender", ["ours", "upstream"])
def test_functions_of_a_file_that_another_runtime_loaded_are_refused(
    files: Files, lender: str
) -> None:
    """A context of one runtime would be used on globals of the other."""
    stage = str(Path(hpystate.__file__).parents[1])
    command = [str(upstream_python()), "-c", UNDER_BOTH, stage, *map(str, files), lender]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert result.returncode == 0, result.stderr
    assert "module 'lender' was loaded by another runtime than this extension" in result.stdout


# ---- what the command line shows ---------------------------------------------------------------


def test_the_table_is_shown_for_a_file_that_uses_it(files: Files) -> None:
    file, _ = _native.inspect("lender", str(files[0]))

    assert _native.negotiated(file)["sibling"] == (56, 56)
