"""test_slots.py: slots.c, the contract of a slot, on this runtime and on HPy's own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension, make_cache_folder
from hpystate.demo.upstream import upstream_python
from hpystate.testing import Interpreter
from tests.conftest import WITH_UPSTREAM, Child

SOURCE = Path(__file__).with_name("slots.c")
COUNT = 11
#: What HPy's own runtime for CPython does otherwise: it keeps the object's address in the slot.
UPSTREAM = {
    "a_slot_that_was_never_stored_loads_nothing": "SIGSEGV",
    "a_stored_slot_holds_its_address": "it holds another value",
    "another_store_leaves_the_word": "the word of the slot changed with the object",
    "storing_null_clears": "SIGSEGV",
    "a_cleared_slot_holds_its_address": "it holds another value",
    "a_slot_that_no_module_lists_works": "it holds another value than its address",
}


@pytest.fixture(scope="session", params=["hpystate", "upstream"])
def file(request: pytest.FixtureRequest) -> Path:
    """Compiled with our headers and with HPy's own."""
    folder = make_cache_folder("snippets", f"conformance-{request.param}")
    return compile_extension("slots", [SOURCE], folder, headers=request.param)


def test_it_needs_no_header_of_this_project() -> None:
    included = [line for line in SOURCE.read_text().splitlines() if line.startswith("#include")]

    assert included == [
        "#include <hpy.h>",
        "#include <stdint.h>",
        "#include <string.h>",
    ]


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_every_rule_holds_here(file: Path, mode: str, child: Child) -> None:
    """A child: in debug mode a global that no module lists ends the process without a hook."""
    script = f"""
import json, sys
sys.path[:] = {sys.path!r}
import hpystate
from hpystate import debug
debug.set_on_misuse(lambda kind, message: None)
slots = hpystate.load("slots", {str(file)!r}, mode={mode!r})
print(json.dumps([slots.check(i) for i in range(slots.count())]))
"""
    result = child(script)
    assert result.returncode == 0, result.stderr
    found = json.loads(result.stdout)

    assert len(found) == COUNT
    assert [each for each in found if each[1] is not None] == []


def test_a_rule_that_is_not_there_is_an_error(file: Path) -> None:
    with pytest.raises(IndexError):
        hpystate.load("slots", file).check(COUNT)


def test_each_interpreter_has_its_own_value_and_the_word_is_one(file: Path) -> None:
    slots = hpystate.load("slots", file)
    slots.store("of main")
    load = f"import hpystate; slots = hpystate.load('slots', {str(file)!r})\n"
    with Interpreter("own") as first, Interpreter("shared") as second:
        for number, interpreter in enumerate((first, second)):
            assert interpreter.run(load + "answer = slots.load(), slots.word()") == (None, 1)
            interpreter.run(f"slots.store({number})")
        for number, interpreter in enumerate((first, second)):
            assert interpreter.run("answer = slots.load(), slots.word()") == (number, 1)
        assert (slots.load(), slots.word()) == ("of main", 1)

    assert (slots.load(), slots.word()) == ("of main", 1)


def check_upstream(file: Path, rule: int) -> tuple[str, str | None]:
    script = (
        "import json, sys\n"
        "from importlib.machinery import ModuleSpec\n"
        "from hpy.universal import load\n"
        "spec = ModuleSpec('slots', None, origin=sys.argv[1])\n"
        "slots = load('slots', sys.argv[1], spec, mode=0)\n"
        "print(json.dumps(slots.check(int(sys.argv[2]))))"
    )
    command = [str(upstream_python()), "-c", script, str(file), str(rule)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if result.returncode == -11:
        return "", "SIGSEGV"
    assert result.returncode == 0, result.stderr
    name, found = json.loads(result.stdout)
    return name, found


@pytest.mark.slow
@WITH_UPSTREAM
def test_the_rules_that_hpys_own_runtime_does_not_follow_are_known(file: Path) -> None:
    """So the rules can fail: each of these is noticed."""
    names = [hpystate.load("slots", file).check(i)[0] for i in range(COUNT)]
    found = {name: check_upstream(file, i)[1] for i, name in enumerate(names)}

    assert {name: what for name, what in found.items() if what is not None} == UPSTREAM
