"""test_same_names.py: whatever upstream's hpy.h declares, ours declares too, with the same type."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import Abi
from tests.headers import upstream_names

INCLUDE = Path(__file__).resolve().parents[2] / "include"
ABIS: tuple[Abi, ...] = ("universal", "hybrid")
# What we do not define, and why.
LEFT_OUT = {
    r"HPy_H|\w+_H": "the guard of a header",
    r"_HPyFunc_DECLARE_HPyFunc_\w+": "a step of HPyFunc_DECLARE, which is made by a type here",
    r"_HPyType_HELPER_\w+": "a step of HPyType_HELPERS, which is one macro here",
    r"HPY_GIT_REVISION": "a commit of upstream's repository",
}
# Functions of another type here, and why a call that compiled there compiles here.
OTHER_TYPE = {
    "HPyTuple_FromArray": "takes an array of const, as HPy's master does",
}


def compile_with_ours(abi: Abi, lines: list[str]) -> str:
    command = ["cc", "-std=gnu11", "-fsyntax-only", "-w", f"-DHPY_ABI_{abi.upper()}"]
    command += [f"-I{INCLUDE}", f"-I{sysconfig.get_path('include')}", "-x", "c", "-"]
    text = "\n".join(["#include <hpy.h>", *lines, ""])
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stderr


def left_out(name: str) -> bool:
    return any(re.fullmatch(pattern, name) for pattern in LEFT_OUT)


@pytest.mark.parametrize("abi", ABIS)
def test_every_macro_of_upstream_is_defined(abi: Abi) -> None:
    theirs = upstream_names.macros(abi, upstream_names.INCLUDE)
    ours = upstream_names.macros(abi, INCLUDE)
    missing = sorted(name for name in theirs - ours if not left_out(name))

    assert len(theirs) > 200
    assert missing == []


def test_no_name_is_left_out_without_need() -> None:
    theirs = upstream_names.macros("universal", upstream_names.INCLUDE)
    missing = theirs - upstream_names.macros("universal", INCLUDE)
    needless = [p for p in LEFT_OUT if not any(re.fullmatch(p, name) for name in missing)]

    assert needless == []


@pytest.mark.parametrize("abi", ABIS)
def test_every_function_of_upstream_is_there_with_its_type(abi: Abi) -> None:
    functions = upstream_names.read(abi).functions
    said = compile_with_ours(
        abi,
        [
            f'_Static_assert(_Generic(&{name}, {c_type}: 1, default: 0), "type of {name}");'
            for name, c_type in functions.items()
            if name not in OTHER_TYPE
        ]
        + [f"enum {{ there_{name} = sizeof &{name} }};" for name in OTHER_TYPE],
    )

    assert len(functions) > 210
    assert set(OTHER_TYPE) <= set(functions)
    assert said == ""


@pytest.mark.parametrize("abi", ABIS)
def test_every_type_enumerator_and_variable_of_upstream_is_there(abi: Abi) -> None:
    names = upstream_names.read(abi)
    types = sorted(names.types)
    said = compile_with_ours(
        abi,
        [f"typedef {c_type} *type_{number};" for number, c_type in enumerate(types)]
        + [f"enum {{ value_of_{name} = {name} }};" for name in sorted(names.enumerators)]
        + [f"enum {{ size_of_{name} = sizeof {name} }};" for name in sorted(names.variables)],
    )

    assert len(types) > 100
    assert len(names.enumerators) > 140
    assert names.variables
    assert said == ""


def test_a_missing_name_would_be_named() -> None:
    """The compiler names the one that it does not know."""
    said = compile_with_ours(
        "universal", ['_Static_assert(_Generic(&HPy_Nothing, int *: 1), "type of HPy_Nothing");']
    )

    assert "HPy_Nothing" in said


def test_a_function_of_another_type_would_be_named() -> None:
    wrong = "int (*)(HPyContext *)"
    said = compile_with_ours(
        "universal", [f'_Static_assert(_Generic(&HPy_Add, {wrong}: 1, default: 0), "type of it");']
    )

    assert "type of it" in said
