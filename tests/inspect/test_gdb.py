"""test_gdb.py: cmake/package/hpystate-gdb.py: what gdb prints of a slot, a handle, a context, a
token and a region, in a process and from its core file."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from hpystate import _native, cli
from tests.clients.pages import ROOT
from tests.inspect import holder

STAGE = Path(cli.__file__).absolute().parents[2]
PRINTERS = ROOT / "cmake" / "package" / "hpystate-gdb.py"
GDB = shutil.which("gdb")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(GDB is None, reason="no gdb in PATH; apt install gdb"),
    pytest.mark.skipif(
        "HPYSTATE_SANITIZED" in os.environ, reason="under a sanitizer each stop takes very long"
    ),
]


def gdb(commands: list[str], *words: str) -> str:
    """What gdb and the program print: stdout, then stderr."""
    # Nothing is fetched, and Python's own printers are not asked for.
    call = [str(GDB), "-batch", "-nx", "-iex", "set debuginfod enabled off"]
    for command in commands:
        call += ["-ex", command]
    result = subprocess.run(
        [*call, *words],
        env=os.environ | {"PYTHONPATH": str(STAGE)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    return result.stdout + result.stderr


def printed(text: str) -> list[str]:
    """The values that `print` showed, without their numbers."""
    return [line.split(" = ", 1)[1] for line in text.splitlines() if re.match(r"\$\d+ = ", line)]


#: Stores twice in main, so that each slot is there at the second one; then in another interpreter.
STORES = """
import hpystate
from hpystate.testing import Interpreter
load = "import hpystate; module = hpystate.load('holder', {file!r}, mode={mode!r})"
exec(load)
module.put(['x'])
module.put('a text')
with Interpreter() as other:
    other.run(load)
    other.run("module.put(3.5)")
"""
STOP = ["set breakpoint pending on", "break put_impl", "run", "continue"]
PRINTS = [f"print {what}" for what in ("arg", "first", "unlisted", "*ctx", "(HPy){0}")]
NAMES = {
    "universal": "HPy Universal ABI (CPython backend, hpystate)",
    "debug": "HPy Debug Mode ABI (hpystate)",
}


@pytest.mark.parametrize("mode", NAMES)
def test_the_types_of_an_extension_that_has_debug_information(mode: str, tmp_path: Path) -> None:
    file = holder.compiled("-g", "-O0")
    core = tmp_path / "core"
    code = STORES.format(file=str(file), mode=mode)
    again = ["continue", "print arg", "print *ctx", f"generate-core-file {core}", "kill"]
    commands = [*STOP, f"source {PRINTERS}", *PRINTS, *again]
    text = gdb(commands, "--args", sys.executable, "-c", code)
    arg, first, unlisted, context, null, its_arg, its_context = printed(text)

    handle = r"(open|borrowed) debug handle of " if mode == "debug" else ""
    assert re.fullmatch(handle + r"0x[0-9a-f]+ \(str\)", arg), text
    assert first == f"slot first in section .bss of {file}"
    assert unlisted == "a slot that was never stored to or listed"
    assert context == f"context {NAMES[mode]}, ABI 0, interpreter 0, live, generation 1"
    assert null == "HPy_NULL"
    assert re.fullmatch(handle + r"0x[0-9a-f]+ \(float\)", its_arg)
    identity = re.fullmatch(
        rf"context {re.escape(NAMES[mode])}, ABI 0, interpreter (\d+), live, generation 1",
        its_context,
    )
    assert identity is not None and identity[1] != "0", its_context

    prints = ["print arg", "print first", "print *ctx"]
    of_core = gdb([f"source {PRINTERS}", *prints], sys.executable, str(core))
    assert printed(of_core) == [its_arg, first, its_context], of_core


def test_the_types_of_the_runtime_where_it_has_debug_information(tmp_path: Path) -> None:
    program = tmp_path / "region"
    compiler = os.environ.get("CXX", "c++")
    includes = [f"-I{ROOT}", f"-I{ROOT / 'include'}", f"-I{sysconfig.get_path('include')}"]
    source = ROOT / "tests" / "inspect" / "region.cpp"
    build = [compiler, "-std=c++20", "-g", "-O0", *includes, str(source), "-o", str(program)]
    compiled = subprocess.run(build, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    prints = ["print region", "print token", "print (hpystate::Region*)0"]
    wide = ["set max-value-size unlimited", "print *region"]
    text = gdb(["break stop_here", "run", f"source {PRINTERS}", *prints, *wide], str(program))

    region = (
        "region of interpreter 7, generation 3, dying, owner 0x1230, "
        "2 modules and anchors lead to it"
    )
    slot = f"slot some_slot in section .bss of {program}"
    assert printed(text) == [region, slot, "no region", region], text


def test_memory_that_is_not_there_is_shown_as_the_number_that_it_is() -> None:
    file = holder.compiled("-g", "-O0")
    code = STORES.format(file=str(file), mode="universal")
    prints = ["print (HPy){64}", "print (HPy){65}", "print *(HPyContext*)&first"]
    text = gdb([*STOP, f"source {PRINTERS}", *prints, "kill"], "--args", sys.executable, "-c", code)
    plain, debug, context = printed(text)

    assert plain == "0x40"
    assert debug == "0x41, which is not in memory"
    assert "interpreter" not in context


def test_gdb_loads_the_printers_with_the_runtime_where_it_is_allowed() -> None:
    beside = Path(f"{_native.__file__}-gdb.py")
    assert beside.resolve() == PRINTERS
    commands = [
        f"add-auto-load-safe-path {ROOT}",
        "set breakpoint pending on",
        "break PyInit__native",
        "run",
        "info pretty-printer global hpystate",
        "info pretty-printer .*_native.* hpystate",
        "kill",
    ]
    text = gdb(commands, "--args", sys.executable, "-c", "import hpystate")
    for name in ("context", "handle", "region", "slot", "token"):
        assert f"    {name}\n" in text, text
