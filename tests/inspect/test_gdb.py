"""test_gdb.py: cmake/package/hpystate-gdb.py: what gdb prints of a slot, a handle, a context, a
token and a region."""

from __future__ import annotations

import os
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


def gdb(commands: list[str], program: list[str]) -> str:
    words = [str(GDB), "-batch", "-nx", "-iex", "set debuginfod enabled off"]
    for command in commands:
        words += ["-ex", command]
    result = subprocess.run(
        [*words, "--args", *program],
        env=os.environ | {"PYTHONPATH": str(STAGE)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return result.stdout + result.stderr


def printed(text: str) -> list[str]:
    """The values that `print` showed, without their numbers."""
    return [line.split(" = ", 1)[1] for line in text.splitlines() if line.startswith("$")]


@pytest.mark.parametrize("mode", ["universal", "debug"])
def test_the_types_of_an_extension_that_has_debug_information(mode: str) -> None:
    file = holder.compiled("-g", "-O0")
    code = (
        f"import hpystate; module = hpystate.load('holder', {str(file)!r}, mode={mode!r}); "
        "module.put(['x']); module.put('a text')"
    )
    commands = ["set breakpoint pending on", "break put_impl", "run", "continue"]
    commands += [f"source {PRINTERS}"]
    commands += [f"print {what}" for what in ("arg", "first", "unlisted", "*ctx", "(HPy){0}")]
    text = gdb(commands, [sys.executable, "-c", code])
    arg, first, unlisted, context, null = printed(text)

    assert ("open debug handle of 0x" in arg or "borrowed debug handle of 0x" in arg) == (
        mode == "debug"
    ), text
    assert arg.endswith("(str)")
    assert first.startswith("slot first in section .bss of ")
    assert unlisted == "a slot that was never stored to or listed"
    assert context.startswith("context HPy") and ", ABI 0" in context
    assert null == "HPy_NULL"


def test_the_types_of_the_runtime_where_it_has_debug_information(tmp_path: Path) -> None:
    program = tmp_path / "region"
    compiler = os.environ.get("CXX", "c++")
    includes = [f"-I{ROOT}", f"-I{ROOT / 'include'}", f"-I{sysconfig.get_path('include')}"]
    source = ROOT / "tests" / "inspect" / "region.cpp"
    build = [compiler, "-std=c++20", "-g", "-O0", *includes, str(source), "-o", str(program)]
    compiled = subprocess.run(build, capture_output=True, text=True, check=False)
    assert compiled.returncode == 0, compiled.stderr
    commands = ["break stop_here", "run", f"source {PRINTERS}", "print *region", "print token"]
    text = gdb(commands, [str(program)])

    assert printed(text) == [
        "region of interpreter 7, generation 3, dying, owner 0x1230, 2 modules and anchors lead "
        "to it",
        "slot some_slot in section .bss",
    ], text


def test_gdb_loads_the_printers_with_the_runtime_where_it_is_allowed() -> None:
    beside = Path(f"{_native.__file__}-gdb.py")
    assert beside.resolve() == PRINTERS
    commands = [
        f"add-auto-load-safe-path {ROOT}",
        "set breakpoint pending on",
        "break PyInit__native",
    ]
    commands += [
        "run",
        "info pretty-printer global hpystate",
        "info pretty-printer .*_native.* hpystate",
    ]
    text = gdb(commands, [sys.executable, "-c", "import hpystate"])
    for name in ("context", "handle", "region", "slot", "token"):
        assert f"    {name}\n" in text, text
