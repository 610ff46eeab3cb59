"""test_policy.py: what a file states, and what is decided about it; neither makes anything."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from hpystate import _native
from hpystate.policy import create_module, decide
from hpystate.testing import compile_snippet
from tests.loader.mock import GOOD, KEEPER

SILENT = {"interpreters": None, "gil": None, "other_runtimes": None}

WORDS = """
    HPy_EXPORTED_FUNC const char *hpystate_interpreters_good(void) { return "main"; }
    HPy_EXPORTED_FUNC const char *hpystate_gil_good(void) { return "off"; }
    HPy_MODINIT"""


def test_a_file_is_inspected_and_nothing_is_made(keeper: Path) -> None:
    before = _native.state()

    _, stated = _native.inspect("package.keeper", str(keeper))

    assert stated == SILENT | {"abi": "0.0", "tag": "hpy0", "hybrid": False, "fused": False}
    assert _native.state() == before


def test_what_a_file_states_is_read() -> None:
    file = compile_snippet("good", GOOD.replace("\n    HPy_MODINIT", WORDS), abi="hybrid")

    _, stated = _native.inspect("good", str(file))

    assert stated["tag"].startswith("hpy0-cp3")
    assert (stated["hybrid"], stated["interpreters"], stated["gil"]) == (True, "main", "off")


def test_a_file_with_fused_calls_states_it() -> None:
    file = compile_snippet("keeper", "#include <hpy.h>\n#include <hpystate/fused.h>\n" + KEEPER)

    assert _native.inspect("keeper", str(file))[1]["fused"]


@pytest.mark.parametrize(
    ("asked", "stated", "decided"),
    [
        (("universal", None, None), SILENT, ("universal", None, True)),
        (
            ("universal", None, None),
            {"interpreters": "main", "gil": "off"},
            ("universal", "main", False),
        ),
        (
            ("universal", "own-gil", "on"),
            {"interpreters": "main", "gil": "off"},
            ("universal", "own-gil", True),
        ),
        (
            ("universal", None, "off"),
            {"interpreters": None, "gil": "on"},
            ("universal", None, False),
        ),
        (("debug", None, "off"), SILENT, ("debug", None, True)),
        (("trace", None, None), {"interpreters": None, "gil": "off"}, ("trace", None, True)),
    ],
)
def test_who_loads_is_heard_before_the_file_and_layers_need_the_gil(
    asked: tuple, stated: dict, decided: tuple
) -> None:
    assert decide(asked, stated) == decided


def test_create_takes_only_what_inspect_gave() -> None:
    with pytest.raises(ValueError, match="PyCapsule_GetPointer called with i"):
        _native.create("a path", None, "universal", None)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [({"mode": "dbg"}, "mode is 'dbg'"), ({"interpreters": "all"}, "interpreters is 'all'")],
)
def test_a_word_that_is_none_is_refused_before_the_file_is_opened(
    arguments: dict[str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=named):
        create_module("good", "/no/such/file.hpy0.so", None, **arguments)


def test_a_word_in_a_buffer_of_the_file_is_read_before_the_next_one_is_put_there() -> None:
    words = """
    #include <string.h>
    static char word[16];
    HPy_EXPORTED_FUNC const char *hpystate_interpreters_good(void) {
        return strcpy(word, "own-gil");
    }
    HPy_EXPORTED_FUNC const char *hpystate_gil_good(void) { return strcpy(word, "off"); }
    HPy_MODINIT"""
    file = compile_snippet("good", GOOD.replace("\n    HPy_MODINIT", words))

    _, stated = _native.inspect("good", str(file))

    assert (stated["interpreters"], stated["gil"]) == ("own-gil", "off")


def test_a_file_may_have_any_bytes_in_its_name(tmp_path: Path) -> None:
    file = compile_snippet("good", GOOD, abi="hybrid")
    tag = f"cp3{sys.version_info[1]}{sys.abiflags}".encode()
    odd = bytes(tmp_path) + b"/good.hpy0-" + tag + b"\xff.so"
    shutil.copyfile(bytes(file), odd)

    _, stated = _native.inspect("good", os.fsdecode(odd))

    assert os.fsencode(stated["tag"]).endswith(b"\xff")
