"""test_proof_of_concept.py: upstream's own extensions, unmodified, in every kind of interpreter."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate.build import proof_of_concept
from hpystate.testing import Interpreter

CHECK = """
    import sys
    sys.path.insert(0, {folder!r})
    import hpystate
    hpystate.install()
    import pof, pofcpp, pofpackage.foo, pofpackage.bar
    assert pof.do_nothing() is None and pofcpp.do_nothing() is None
    assert pof.double(21) == pofcpp.double(21) == 42
    assert pof.add_ints(30, 12) == pofcpp.add_ints(30, 12) == 42
    assert pof.add_ints_kw(b=30, a=12) == pofcpp.add_ints_kw(b=30, a=12) == 42
    assert repr(pof.Point(1, 2)) == repr(pofcpp.Point(1, 2)) == "Point(1, 2)"
    assert pofpackage.foo.hello() == "hello from pofpackage.foo"
    assert pofpackage.bar.hello(21) == 42
    for wrong in (lambda: pof.double(), lambda: pof.add_ints(1), lambda: pof.Point("x", 1)):
        try:
            wrong()
            raise AssertionError("nothing was raised")
        except TypeError:
            pass
    answer = id(pof.Point)
"""


WAYS = [("hpystate", "universal"), ("upstream", "universal")]
WAYS += [("hpystate", "hybrid"), ("hpystate", "cpython")]


@pytest.fixture(scope="module", params=WAYS, ids=lambda way: "-".join(way))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled with either headers, and with ours for every ABI."""
    out = tmp_path_factory.mktemp("pof")
    headers, abi = request.param
    proof_of_concept(out, headers, abi)
    return out


def load_pof(folder: Path) -> ModuleType:
    """In this interpreter: a file of HPy's by hpystate.load, one of CPython's by its own loader."""
    (path,) = folder.glob("pof.*so")
    if ".hpy0" in path.name:
        return hpystate.load("pof", path, interpreters="own-gil")
    spec = importlib.util.spec_from_file_location("pof", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hybrid file is not declared for own-GIL interpreters; these have no statics."""
    monkeypatch.setenv("HPYSTATE_INTERPRETERS", "pof*=own-gil,foo=own-gil,bar=own-gil")


def test_it_works_in_a_subinterpreter(folder: Path, interpreter: Interpreter) -> None:
    interpreter.run(CHECK.format(folder=str(folder)))


def test_every_interpreter_has_types_of_its_own(folder: Path) -> None:
    with Interpreter("own") as one, Interpreter("own") as two:
        addresses = {i.run(CHECK.format(folder=str(folder))) for i in (one, two)}
        module = load_pof(folder)

        assert len(addresses | {id(module.Point)}) == 3
        assert repr(module.Point(1, 2)) == "Point(1, 2)"
