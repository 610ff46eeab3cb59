"""test_build.py: an extension is compiled with what the command line prints, and by build.py."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import compile_extension, helper_sources, include_flags, include_folder

SOURCE = """
#include <hpy.h>
HPyDef_METH(add, "add", HPyFunc_VARARGS)
static HPy add_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    long a, b;
    (void)self;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "ll", &a, &b)) return HPy_NULL;
    return HPy_BuildValue(ctx, "(ls)", a + b, HPY_ABI);
}
static HPyDef *defines[] = {&add, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(by_hand, def)
"""


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = tmp_path / "by_hand.c"
    file.write_text(SOURCE)
    return file


def test_the_command_line_prints_all_that_a_compiler_needs(source: Path) -> None:
    command = [sys.executable, "-m", "hpystate", "--include-dir"]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    include = Path(printed)
    file = source.with_name("by_hand.hpy0.so")
    flags = ["-shared", "-fPIC", "-Wall", "-Werror", "-DHPY_ABI_UNIVERSAL", f"-I{include}"]
    helpers = map(str, sorted((include / "hpy" / "src").glob("*.c")))
    subprocess.run(["cc", *flags, str(source), *helpers, "-o", str(file)], check=True)

    assert hpystate.load("by_hand", str(file)).add(40, 2) == (42, "universal")


@pytest.mark.parametrize("headers", ["hpystate", "upstream"])
@pytest.mark.parametrize("abi", ["universal", "hybrid"])
def test_either_headers_make_either_abi(source: Path, abi: str, headers: str) -> None:
    file = compile_extension(
        "by_hand",
        [source],
        source.parent,
        abi=abi,  # type: ignore[arg-type]
        headers=headers,  # type: ignore[arg-type]
    )

    assert hpystate.load("by_hand", str(file)).add(40, 2) == (42, abi)


def test_our_headers_are_the_default() -> None:
    assert include_flags() == include_flags("universal", "hpystate")
    assert include_folder() == Path(hpystate.include_dir())
    assert all(include_folder() in path.parents for path in helper_sources())


def test_no_folder_of_upstream_is_behind_our_headers() -> None:
    upstream = str(include_folder("upstream"))

    for abi in ("universal", "hybrid"):
        assert not any(upstream in flag for flag in include_flags(abi))  # type: ignore[arg-type]


def test_unknown_words_are_refused() -> None:
    with pytest.raises(ValueError, match="headers is 'mine'; 'hpystate' or 'upstream'"):
        include_flags("universal", "mine")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="abi is 'cpython'; 'universal' or 'hybrid'"):
        include_flags("cpython")  # type: ignore[arg-type]
