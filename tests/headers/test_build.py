"""test_build.py: an extension is compiled with what the command line prints, and by build.py."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.build import (
    BuildError,
    Headers,
    compile_extension,
    helper_sources,
    include_flags,
    include_folder,
)
from hpystate.testing import compile_snippet

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


@pytest.mark.parametrize("cc", ["cc", "clang"])
def test_valgrind_can_read_the_debug_information(
    source: Path, monkeypatch: pytest.MonkeyPatch, cc: str
) -> None:
    """clang writes DWARF 5 where it is left to choose, at which valgrind 3.19 ends."""
    if shutil.which(cc) is None:
        pytest.skip(f"{cc} is not installed")
    monkeypatch.setenv("CC", cc)
    file = compile_extension("by_hand", [source], source.parent)
    command = ["readelf", "--debug-dump=info", str(file)]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert set(re.findall(r"^ +Version: +(\d+)$", printed, re.MULTILINE)) == {"4"}


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
    with pytest.raises(ValueError, match="abi is 'mine'; 'universal', 'hybrid' or 'cpython'"):
        include_flags("mine")  # type: ignore[arg-type]


CXX_SOURCE = """
#include <hpy.h>
#include <cstring>
#include <type_traits>
static long add(long a, long b) { return a + b; }
HPyDef_METH(before, "before", HPyFunc_NOARGS)
static HPy before_impl(HPyContext *ctx, HPy self) {
    const char *text = u8"C++"; /* char8_t from C++20 on */
    std::result_of<decltype(&add)(long, long)>::type sum = add(40, 2); /* gone in C++20 */
    (void)self;
    return HPy_BuildValue(ctx, "(lsl)", sum, text, (long)__cplusplus);
}
static HPyDef *defines[] = {&before, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(cxx, def)
"""


@pytest.mark.parametrize("headers", ["hpystate", "upstream"])
@pytest.mark.parametrize(
    ("flags", "standard"), [((), 201703), (("-std=c++17",), 201703), (("-std=gnu++14",), 201402)]
)
def test_cxx_of_before_2020_compiles_and_the_callers_standard_wins(
    tmp_path: Path, headers: Headers, flags: tuple[str, ...], standard: int
) -> None:
    source = tmp_path / "cxx.cpp"
    source.write_text(CXX_SOURCE)

    file = compile_extension("cxx", [source], tmp_path, flags=flags, headers=headers)

    assert hpystate.load("cxx", str(file)).before() == (42, "C++", standard)


def test_newer_cxx_is_there_for_who_asks(tmp_path: Path) -> None:
    source = tmp_path / "cxx.cpp"
    text = CXX_SOURCE.replace('const char *text = u8"C++"', 'const char8_t *text = u8"C++"')
    text = text.replace("std::result_of<decltype(&add)(long, long)>::type", "long")
    source.write_text(text.replace("sum, text", "sum, (const char *)text"))

    with pytest.raises(BuildError, match="char8_t"):
        compile_extension("cxx", [source], tmp_path)
    file = compile_extension("cxx", [source], tmp_path, flags=["-std=c++20"])

    assert hpystate.load("cxx", str(file)).before() == (42, "C++", 202002)


def test_a_standard_of_one_language_is_kept_from_the_other(source: Path) -> None:
    flags = ["-std=c++14", "-std=c11", "-Werror"]
    file = compile_extension("by_hand", [source], source.parent, flags=flags)

    assert hpystate.load("by_hand", str(file)).add(40, 2) == (42, "universal")


@pytest.mark.parametrize("where", ["file", "proc"])
def test_a_cache_that_cannot_be_written_is_said(source: Path, where: str) -> None:
    """Both hold for root, too: a path below a file, and a file system that lets nobody write."""
    cache = str(source / "cache") if where == "file" else "/proc/sys/hpystate"
    script = "import sys; from hpystate.build import BuildError, compile_extension\n"
    script += "try: compile_extension('by_hand', sys.argv[1:2], sys.argv[2])\n"
    script += "except BuildError as error: print(error)"
    result = subprocess.run(
        [sys.executable, "-c", script, source, source.parent],
        capture_output=True,
        text=True,
        env=os.environ | {"HPYSTATE_CACHE": cache},
        check=True,
    )

    assert f"HPYSTATE_CACHE={cache}: " in result.stdout, result.stderr
    assert "cannot be written to: " in result.stdout
    assert "Set HPYSTATE_CACHE to a folder that you may write to." in result.stdout


def test_a_cache_of_the_user_that_cannot_be_written_is_said(source: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "HPYSTATE_CACHE"}
    script = "from hpystate.build import make_cache_folder; make_cache_folder('some')"
    result = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment | {"XDG_CACHE_HOME": str(source)},
        check=False,
    )

    said = result.stderr.splitlines()[-1]
    assert f"BuildError: {source}/hpystate (HPYSTATE_CACHE is not set): " in said


def test_a_file_that_is_not_a_source_is_refused_by_name(tmp_path: Path) -> None:
    """A compiler hands what it does not know to the linker, and with -c makes nothing of it."""
    script = tmp_path / "script.py"
    script.write_text("import sys")

    with pytest.raises(BuildError, match=r"script\.py.*no object file"):
        compile_extension("script", [script], tmp_path)


def test_a_snippet_of_another_compiler_replaces_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two runs on one machine: what one has loaded stays the file that its symbols are read of."""
    source = "#include <hpy.h>\nHPyDef *definition;\n"
    monkeypatch.setenv("CC", "cc")
    first = compile_snippet("of_two_compilers", source)
    before = first.stat().st_ino
    monkeypatch.setenv("CC", "cc -DOTHER")

    assert compile_snippet("of_two_compilers", source) != first
    assert first.stat().st_ino == before
