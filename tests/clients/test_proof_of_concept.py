"""test_proof_of_concept.py: upstream's own extensions, unmodified, in every kind of interpreter."""

from __future__ import annotations

from pathlib import Path

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


@pytest.fixture(scope="module", params=["hpystate", "upstream"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compiled with either headers."""
    out = tmp_path_factory.mktemp("pof")
    proof_of_concept(out, request.param)
    return out


def test_it_works_in_a_subinterpreter(folder: Path, interpreter: Interpreter) -> None:
    interpreter.run(CHECK.format(folder=str(folder)))


def test_every_interpreter_has_types_of_its_own(folder: Path) -> None:
    with Interpreter("own") as one, Interpreter("own") as two:
        addresses = {i.run(CHECK.format(folder=str(folder))) for i in (one, two)}
        module = hpystate.load("pof", folder / "pof.hpy0.so")

        assert len(addresses | {id(module.Point)}) == 3
        assert repr(module.Point(1, 2)) == "Point(1, 2)"
