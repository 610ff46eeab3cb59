"""test_same_results.py: fused calls give the same with every context and under every runtime."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from hpystate.demo.upstream import upstream_python
from hpystate.testing import Interpreter
from tests.conftest import WITH_UPSTREAM
from tests.fused import checks

CHECKS = Path(checks.__file__)


def as_data(results: dict[str, list[checks.Result]]) -> object:
    return json.loads(json.dumps(results))  # tuples are lists there


def test_a_global_without_a_value_is_a_system_error(c: ModuleType) -> None:
    results = checks.unset(c)

    assert len(results) == 36
    assert {found for _, found in results} == {"SystemError"}


def test_each_fused_call_gives_the_result_of_its_unfused_form(c: ModuleType) -> None:
    found = dict(checks.types(c) + checks.calls(c) + checks.objects(c) + checks.first_values(c))

    assert c.linked() is True
    assert found["new"] == "True 7"
    assert [found[f"type_check of {name}"] for name in ("Thing", "Derived", "int", "type")] == [
        "1",
        "1",
        "0",
        "0",
    ]
    assert [found[f"is {name}"] for name in ("Thing", "Derived", "int")] == ["1", "0", "0"]
    assert [found[f"is_subtype of {name}"] for name in ("Thing", "Derived", "int")] == [
        "1",
        "1",
        "0",
    ]
    assert found["as_struct"] == "7"
    assert found["names"] == "((1,), {'x': 2, 'y': 3})"
    assert found["raises"] == "LookupError: called"
    assert found["no callable"] == "TypeError: 'int' object is not callable"
    assert found["tuple and dict"] == "((1, 2), {'x': 3})"
    assert found["method"] == "'TEXT'"
    assert found["method by name"] == "['a', 'b']"
    assert found["get_item, missing"] == "KeyError: 'other'"
    assert [found[name] for name in ("variable, no value", "variable, default", "variable")] == [
        "None",
        "5",
        "6",
    ]
    assert found["set_format"] == "LookupError: 3 and four"
    assert found["matches KeyError"] == found["matches one, KeyError"] == "1"
    assert found["matches ValueError"] == found["matches one, ValueError"] == "0"
    assert found["made once"] == "1 True 1"
    assert found["made after an error"] == "True"
    assert found["import again"] == found["import"] == "<built-in function add>"


@pytest.mark.parametrize("mode", ["trace", "debug"])
def test_the_layers_give_the_same(c: ModuleType, calls_file: Path, mode: str) -> None:
    # A child: in debug mode a global that no module lists ends the process, unless a hook goes on.
    script = f"""
import json, sys
sys.path[:] = {sys.path!r}
import hpystate
from hpystate import debug
from tests.fused import checks
module = hpystate.load("fused_calls", {str(calls_file)!r}, mode={mode!r})
debug.set_on_misuse(lambda kind, message: None)
print(json.dumps(checks.everything(module)))
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )

    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == as_data(checks.everything(c))


@pytest.mark.parametrize("gil", ["own", "shared"])
def test_another_interpreter_gets_the_same(c: ModuleType, calls_file: Path, gil: str) -> None:
    expected = as_data(checks.everything(c))
    with Interpreter(gil) as interpreter:  # type: ignore[arg-type]
        found = interpreter.run(f"""
            import hpystate
            from tests.fused import checks
            c = hpystate.load("fused_calls", {str(calls_file)!r})
            answer = checks.everything(c)
        """)

    assert as_data(found) == expected


def test_a_call_leaves_no_reference(c: ModuleType) -> None:
    found = dict(checks.references(c))

    assert found == dict.fromkeys(found, "0")


def test_an_object_lives_until_the_call_that_took_it_out_of_its_global_has_ended(
    c: ModuleType,
) -> None:
    assert checks.replacing(c) == [
        ("call", "'Callable'"),
        ("call, after", "1"),
        ("get_item", "'Callable'"),
        ("get_item, after", "2"),
        ("contains", "1"),
        ("contains, after", "3"),
    ]


#: Of upstream's hpy.universal: universal, debug, trace.
MODES = {"universal": 0, "debug": 1, "trace": 2}


@pytest.mark.slow
@WITH_UPSTREAM
@pytest.mark.parametrize("mode", MODES)
def test_a_runtime_without_fused_calls_gets_the_same(
    c: ModuleType, calls_file: Path, mode: str
) -> None:
    result = subprocess.run(
        [str(upstream_python()), str(CHECKS), str(calls_file), str(MODES[mode])],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 0, result.stderr
    told = json.loads(result.stdout)
    assert told["linked"] is False
    expected = as_data(checks.everything(c))
    assert told["results"] == [expected, expected]
    assert dict(told["references"]) == dict.fromkeys(dict(checks.references(c)), "0")
