"""test_documentation.py: the examples of upstream's documentation, compiled with either headers."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.build import Abi, Headers, compile_extension, upstream_sdist
from hpystate.testing import Interpreter

FOLDERS = ("docs", "microbench")
HYBRID = {"mixed", "step_01_hpy_legacy", "step_02_hpy_legacy"}
HEADERS: tuple[Headers, ...] = ("hpystate", "upstream")


def sources() -> dict[str, Path]:
    """Every C file of the documentation that is an HPy module."""
    found = [file for folder in FOLDERS for file in (upstream_sdist() / folder).rglob("*.c")]
    return {file.stem: file for file in found if "HPy_MODINIT(" in file.read_text()}


SOURCES = sources()


def abi_of(name: str) -> Abi:
    return "hybrid" if name in HYBRID else "universal"


@pytest.fixture(scope="module", params=HEADERS)
def files(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    out = tmp_path_factory.mktemp(request.param)
    return {
        name: compile_extension(name, [file], out, abi=abi_of(name), headers=request.param)
        for name, file in SOURCES.items()
    }


@pytest.fixture
def load(files: dict[str, Path]) -> Callable[[str], ModuleType]:
    return lambda name: hpystate.load(name, str(files[name]))


def test_the_examples_are_those_that_are_known() -> None:
    assert sorted(SOURCES) == [
        "builtin_type",
        "hpy_simple",
        "hpycall",
        "hpyinit",
        "hpyvarargs",
        "mixed",
        "quickstart",
        "simple",
        "simple_type",
        "snippets",
        "step_01_hpy_legacy",
        "step_02_hpy_legacy",
        "step_03_hpy_final",
    ]


def test_functions(load: Callable[[str], Any]) -> None:
    assert load("quickstart").say_hello() == "Hello world"
    assert [load("simple").myabs(x) for x in (-42, 42)] == [42, 42]
    assert load("hpyvarargs").add_ints(40, 2) == 42
    assert load("snippets").test_foo_and_is_same_object("x", "x") == 1
    assert load("snippets").test_foo_and_is_same_object("x", "y") == 0
    assert load("hpyinit").__name__ == "hpyinit"


def test_functions_of_the_c_api_beside(load: Callable[[str], Any]) -> None:
    mixed = load("mixed")

    assert mixed.add_ints(40, 2) == mixed.add_ints_legacy(40, 2) == 42


def test_types(load: Callable[[str], Any]) -> None:
    point = load("simple_type").Point(4, 5)
    assert (point.x, point.y, point.foo(), point.z) == (4, 5, 45, 1045)
    point.z = 2000
    assert (point.y, point.z) == (960, 2000)

    builtin = load("builtin_type")
    language = builtin.Language("hello")
    language.lang = "en"
    assert (language, language.lang, builtin.Dummy("x")) == ("hello", "en", "x")


def test_calls(load: Callable[[str], Any]) -> None:
    hpycall = load("hpycall")

    assert hpycall.EuclideanVector(3, 4)(4, 3) == 24
    assert hpycall.EuclideanVector(3, 4, True)(4, 3) == -24
    assert isinstance(hpycall.Foo, type)
    assert isinstance(hpycall.Pack, type)


def test_the_benchmarks_module(load: Callable[[str], Any]) -> None:
    c = load("hpy_simple")

    assert c.onearg("x") is None
    assert c.call_with_tuple(max, (1, 5, 3)) == 5
    assert c.call_with_tuple_and_dict(sorted, ([2, 1],), {"reverse": True}) == [2, 1]
    assert isinstance(c.Foo(), c.Foo)


@pytest.mark.parametrize("step", ["step_01_hpy_legacy", "step_02_hpy_legacy", "step_03_hpy_final"])
def test_the_steps_of_a_port(load: Callable[[str], Any], step: str) -> None:
    c = load(step)
    point = c.Point(23, 42, ...)

    assert c.__doc__.startswith("Point module (Step ")
    assert c.Point(1, 2).norm() == math.sqrt(5.0)
    assert c.dot(c.Point(1, 2), c.Point(3, 2)) == 7.0
    assert point.obj is ...
    assert c.Point(1, 2).obj is None


def test_universal_examples_work_in_an_interpreter_with_its_own_gil(files: dict[str, Path]) -> None:
    names = {name: str(files[name]) for name in SOURCES if name not in HYBRID}
    with Interpreter("own") as interpreter:
        found = interpreter.run(f"""
            import hpystate
            modules = {{name: hpystate.load(name, file) for name, file in {names!r}.items()}}
            point = modules["step_03_hpy_final"].Point(3, 4)
            answer = (sorted(modules), point.norm(), modules["quickstart"].say_hello())
        """)

    assert found == (sorted(names), 5.0, "Hello world")
