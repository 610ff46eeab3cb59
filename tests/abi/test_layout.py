"""test_layout.py: our lists, upstream's headers and the dump say the same, member by member."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.build import upstream_sdist

ROOT = Path(__file__).resolve().parents[2]
LAYOUT = ROOT / "tests" / "abi" / "layout_0_9.c"
COMPILERS = [name for name in ("cc", "clang") if shutil.which(name)]


def compile_c(compiler: str, file: Path, *flags: str | Path) -> subprocess.CompletedProcess[str]:
    command = [
        compiler,
        "-std=c11",
        "-Wall",
        "-Wextra",
        "-fsyntax-only",
        *map(str, flags),
        str(file),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("compiler", COMPILERS)
def test_our_headers_have_the_layout_of_the_dump(compiler: str) -> None:
    result = compile_c(compiler, LAYOUT, "-Wpedantic", "-Werror", f"-I{ROOT / 'include'}")

    assert result.returncode == 0, result.stderr


def test_the_generated_file_is_what_the_dump_gives() -> None:
    command = [sys.executable, str(ROOT / "tools" / "abi" / "generate.py")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("compiler", COMPILERS)
def test_upstreams_own_headers_have_the_layout_of_the_dump(compiler: str, tmp_path: Path) -> None:
    """The same assertions, compiled with the headers of the hpy==0.9.0 source distribution."""
    (tmp_path / "hpy" / "abi").mkdir(parents=True)
    (tmp_path / "hpy" / "context.h").write_text(upstream_shim())
    (tmp_path / "hpy" / "trampoline.h").touch()  # in hpy.h already
    (tmp_path / "hpy" / "abi" / "slots.def").write_text(upstream_slots())
    file = tmp_path / "layout.c"
    file.write_text(without_what_came_later(LAYOUT.read_text()))
    include = upstream_sdist() / "hpy" / "devel" / "include"
    # upstream's inline_helpers.h calls alloca and declares it for MSVC only: in C11 that is an
    # error since GCC 14 and clang 16, while GNU C has it from stdlib.h.
    result = compile_c(
        compiler,
        file,
        "-std=gnu11",
        "-w",
        "-DHPY",
        "-DHPY_ABI_UNIVERSAL",
        f"-I{tmp_path}",
        f"-I{include}",
    )

    assert result.returncode == 0, result.stderr
    assert file.read_text().count("_Static_assert") > 1600


# ---- 0.0.4 ----

OLD_LAYOUT = ROOT / "tests" / "abi" / "layout_0_0_4.cpp"
CXX_COMPILERS = [name for name in ("c++", "clang++") if shutil.which(name)]


def compile_cxx(compiler: str, file: Path, *flags: str | Path) -> subprocess.CompletedProcess[str]:
    command = [compiler, "-std=c++20", "-Wall", "-Wextra", "-fsyntax-only", *map(str, flags)]
    return subprocess.run([*command, str(file)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("compiler", CXX_COMPILERS)
def test_our_structs_of_0_0_4_have_the_layout_of_the_dump(compiler: str) -> None:
    folders = [f"-I{ROOT}", f"-I{ROOT / 'include'}"]
    result = compile_cxx(compiler, OLD_LAYOUT, "-Wpedantic", "-Werror", *folders)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("compiler", CXX_COMPILERS)
def test_upstreams_headers_of_0_0_4_have_the_layout_of_the_dump(
    compiler: str, tmp_path: Path
) -> None:
    """The same assertions, compiled with the headers of the hpy==0.0.4 source distribution."""
    file = tmp_path / "layout.cpp"
    ours = '#include "runtime/versions/v0_0_4/abi.h"'
    text = OLD_LAYOUT.read_text()
    assert ours in text
    file.write_text(text.replace(ours, "#include <hpy.h>"))
    include = upstream_sdist("0.0.4") / "hpy" / "devel" / "include"
    result = compile_cxx(compiler, file, "-w", "-DHPY_UNIVERSAL_ABI", f"-I{include}")

    assert result.returncode == 0, result.stderr
    assert text.count("static_assert") > 900


def test_an_assertion_about_0_0_4_that_is_wrong_does_not_compile(tmp_path: Path) -> None:
    file = tmp_path / "layout.cpp"
    text = OLD_LAYOUT.read_text()
    file.write_text(
        text.replace("offsetof(HPyContext, ctx_Add) == ", "8 + offsetof(HPyContext, ctx_Add) == ")
    )
    result = compile_cxx("c++", file, f"-I{ROOT}", f"-I{ROOT / 'include'}")

    assert result.returncode != 0
    assert "frozen: HPyContext::ctx_Add" in result.stderr


def signatures() -> list[str]:
    text = (ROOT / "include" / "hpy" / "abi" / "signatures.def").read_text()
    return re.findall(r"^HPY_SIGNATURE\((\w+),", text, re.MULTILINE)


def upstream_shim() -> str:
    """Upstream's header, and our names for the function types that it spells in lower case."""
    absent = {"CAPSULE_DESTRUCTOR", "VECTORCALLFUNC"}
    names = [name for name in signatures() if name not in absent]
    special = {"MOD_CREATE": "mod_create"}
    typedefs = [
        f"typedef HPyFunc_{special.get(name, name.lower())} HPyFunc_{name}_t;" for name in names
    ]
    typedefs.append("typedef HPyFunc_Capsule_Destructor HPyFunc_CAPSULE_DESTRUCTOR_t;")
    return "\n".join(["#include <hpy.h>", *typedefs, ""])


def upstream_slots() -> str:
    """The signature of each slot as upstream's macros give it."""
    text = (ROOT / "include" / "hpy" / "abi" / "slots.def").read_text()
    names = re.findall(r"^HPY_SLOT\((\w+),", text, re.MULTILINE)
    names.remove("tp_descr_get")
    return "\n".join(f"signature_of_{name} = HPySlot_SIG(HPy_{name})," for name in names) + "\n"


def without_what_came_later(text: str) -> str:
    head, _, tail = text.partition("/* ---- appended by HPy's master ---- */")
    rest = "/* ---- structs ---- */" + tail.partition("/* ---- structs ---- */")[2]
    later = ("tp_descr_get", "BuiltinShape_Dict")
    kept = [line for line in rest.splitlines() if not any(name in line for name in later)]
    return head + "\n".join(kept) + "\n"
