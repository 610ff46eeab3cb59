"""test_asks.py: the constant by which a file asks for a version: hpystate_asks_NAME."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hpystate
from hpystate import _native
from hpystate.build import helper_sources, include_folder
from hpystate.demo.upstream import upstream_python
from hpystate.testing import compile_snippet
from tests.conftest import WITH_UPSTREAM
from tests.headers.test_alone import WARNINGS
from tests.loader.mock import GOOD, VERSIONS, Library, refused

HEAD = """
    #include <hpy.h>
    #define ANSWER(name, number) \\
        HPyDef_METH(name##_answer, "answer", HPyFunc_NOARGS) \\
        static HPy name##_answer_impl(HPyContext *ctx, HPy self) { \\
            (void)self; \\
            return HPyLong_FromLong(ctx, number); \\
        } \\
        static HPyDef *name##_defines[] = {&name##_answer, NULL}; \\
        static HPyModuleDef name##_def = {NULL, 0, NULL, name##_defines, NULL}; \\
        HPy_MODINIT(name, name##_def)
"""
FUSED = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal kept;
    int same(HPyContext *ctx, HPy h);
    int same(HPyContext *ctx, HPy h) { return HPy_Is_g(ctx, h, kept); }
"""
#: Ways to build that remove or hide what nothing in the file refers to.
FLAGS = {
    "plain": [],
    "hidden": ["-fvisibility=hidden"],
    "without the table of hashes that is read first": ["-Wl,--hash-style=sysv"],
    "collected": ["-O2", "-ffunction-sections", "-fdata-sections", "-Wl,--gc-sections"],
    "optimised when it is linked": ["-O2", "-flto", "-fvisibility=hidden", "-Wl,--gc-sections"],
}
WAYS = [
    pytest.param(
        compiler,
        standard,
        marks=pytest.mark.skipif(
            compiler.startswith("clang") and shutil.which(compiler) is None,
            reason=f"{compiler} is not installed; the package clang has it",
        ),
        id=f"{compiler}-{standard}",
    )
    for compiler, standard in [
        ("gcc", "c11"),
        ("clang", "c11"),
        ("g++", "c++17"),
        ("g++", "c++20"),
        ("clang++", "c++17"),
        ("clang++", "c++20"),
    ]
]


def compile_all(folder: Path, file: str, compiler: str, *options: str, **sources: str) -> Path:
    paths = []
    for name, text in sources.items():
        paths.append(folder / f"{name}.{'cpp' if '++' in compiler else 'c'}")
        paths[-1].write_text(text)
    target = folder / file
    command = [compiler, "-shared", "-fPIC", "-DHPY_ABI_UNIVERSAL", f"-I{include_folder()}"]
    subprocess.run([*command, *options, "-o", target, *paths], check=True)
    return target


def asks_in(file: Path) -> list[str]:
    """The modules for which the file exports a constant, as a tool for binaries sees it."""
    listed = subprocess.run(
        ["readelf", "--dyn-syms", "-W", file], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines() if "hpystate_asks_" in line]
    assert all(row[3:6] == ["OBJECT", "GLOBAL", "DEFAULT"] for row in rows), listed
    return sorted(row[-1].removeprefix("hpystate_asks_") for row in rows)


@pytest.mark.parametrize("way", FLAGS)
@pytest.mark.parametrize(("compiler", "standard"), WAYS)
def test_every_build_exports_it_once(
    compiler: str, standard: str, way: str, tmp_path: Path
) -> None:
    # Definitions have designated initializers, which C++17 does not have: there is no method here.
    plain = "#include <hpy.h>\nstatic HPyModuleDef def = {NULL, 0, NULL, NULL, NULL};\n"
    source = plain + "HPy_MODINIT(once, def)\n"
    options = [f"-std={standard}", *WARNINGS, *FLAGS[way]]
    file = compile_all(tmp_path, "once.hpy0.so", compiler, *options, once=source, fused=FUSED)

    assert asks_in(file) == ["once"]
    declared = _native.negotiated(_native.inspect("once", str(file))[0])
    assert declared["context_size"] == declared["gets"]["context_size"]
    assert declared["fused"] is not None  # it is in the other source file


def test_without_fused_calls_it_names_none(tmp_path: Path) -> None:
    source = HEAD + "ANSWER(alone, 1)\n"
    file = compile_all(tmp_path, "alone.hpy0.so", "cc", "-fvisibility=hidden", alone=source)

    assert _native.negotiated(_native.inspect("alone", str(file))[0])["fused"] is None


def test_each_of_several_modules_in_a_file_has_its_own(tmp_path: Path) -> None:
    parts = {
        name: f"#define HPY_EMBEDDED_MODULES\n#include <hpy.h>\nHPY_MOD_EMBEDDABLE({name})\n"
        + HEAD.replace("#include <hpy.h>", "")
        + f"ANSWER({name}, {number})\n"
        for name, number in (("first", 1), ("second", 2), ("third", 3))
    }
    file = compile_all(tmp_path, "first.hpy0.so", "cc", *FLAGS["collected"], **parts)

    assert asks_in(file) == ["first", "second", "third"]
    assert [hpystate.load(name, file).answer() for name in parts] == [1, 2, 3]


def test_a_file_without_it_is_loaded_as_before() -> None:
    """Compiled with upstream's headers, which do not have it."""
    file = compile_snippet("good", GOOD, headers="upstream")

    assert asks_in(file) == []
    assert _native.negotiated(_native.inspect("good", str(file))[0])["context_size"] is None
    assert hpystate.load("good", file).answer() == 42


def test_a_file_without_it_can_use_fused_calls(tmp_path: Path) -> None:
    source = FUSED + HEAD.replace("#include <hpy.h>", "") + "ANSWER(old, 1)\n"
    options = ["-fvisibility=hidden", "-isystem", str(include_folder("upstream"))]
    options += ["-idirafter", str(include_folder())]
    text = tmp_path / "old.c"
    text.write_text(source)
    file = tmp_path / "old.hpy0.so"
    command = ["cc", "-std=gnu11", "-shared", "-fPIC", "-DHPY_ABI_UNIVERSAL", *options]
    subprocess.run([*command, "-o", file, text, *helper_sources("upstream")], check=True)

    assert asks_in(file) == []
    assert _native.inspect("old", str(file))[1]["fused"] is True
    assert hpystate.load("old", file).answer() == 1


@pytest.mark.slow
@WITH_UPSTREAM
def test_upstreams_runtime_does_not_look_for_it(tmp_path: Path) -> None:
    source = HEAD + "ANSWER(there, 7)\n"
    file = compile_all(tmp_path, "there.hpy0.so", "cc", "-fvisibility=hidden", there=source)
    script = (
        "import sys, importlib.util, hpy.universal as u\n"
        "spec = importlib.util.spec_from_file_location('there', sys.argv[1], loader=None)\n"
        "print(u.load('there', sys.argv[1], spec).answer())"
    )
    command = [str(upstream_python()), "-c", script, str(file)]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)

    assert asks_in(file) == ["there"]
    assert result.stdout.strip() == "7", result.stderr


# ---- what is wrong with it is said, and nothing is loaded --------------------------------------

CONSTANT = """
    struct { uint32_t size, major, minor, context; void *fused; }
        const hpystate_asks_mock = {SIZE, 0, 0, 2208, NULL};
"""


def mock(constant: str) -> str:
    return VERSIONS + "Def *HPyInit_mock(void) { return NULL; }" + constant


def test_a_function_in_its_place(library: Library) -> None:
    file = library(mock("void hpystate_asks_mock(void) {}"))

    refused(file, "bad-asks", "hpystate_asks_mock is not a variable", "a constant was expected")


def test_one_that_is_too_short(library: Library) -> None:
    file = library(mock("const uint32_t hpystate_asks_mock[2] = {8, 0};"))

    refused(file, "bad-asks", "hpystate_asks_mock has 8 bytes", "at least 16 were expected")


@pytest.mark.parametrize("size", [0, 15, 25, 0xFFFFFFFF])
def test_one_that_is_not_as_long_as_it_says(library: Library, size: int) -> None:
    file = library(mock(CONSTANT.replace("SIZE", f"{size}u")))

    refused(file, "bad-asks", f"names a size of {size} bytes, and it has 24")


def test_one_for_another_version_than_the_functions_return(library: Library) -> None:
    file = library(mock(CONSTANT.replace("{SIZE, 0, 0", "{24, 2, 5")))

    refused(file, "bad-asks", "asks for ABI 2.5", "the functions of the file return 0.0")


def test_a_context_that_is_longer_than_ours_is_a_later_version(library: Library) -> None:
    """Later headers append functions and return the same version: only the size tells."""
    file = library(mock(CONSTANT.replace("SIZE", "24").replace("2208", "2216")))

    refused(
        file,
        "unsupported-version",
        "needs an HPyContext of 2216 bytes",
        "later than this runtime",
        "has 2208",
        "Upgrade hpystate",
    )


@pytest.mark.parametrize(
    ("size", "context"), [(16, 2208), (20, 2208), (24, 2000), (24, 2208)], ids=str
)
def test_an_older_or_shorter_one_is_good(library: Library, size: int, context: int) -> None:
    file = library(mock(CONSTANT.replace("SIZE", str(size)).replace("2208", str(context))))

    refused(file, "init-null")  # past it, to the next complaint


def test_members_that_a_later_header_appends_are_not_read(library: Library) -> None:
    longer = CONSTANT.replace("void *fused;", "void *fused, *sibling; void *later[4];")
    file = library(
        mock(longer.replace("SIZE", "64").replace("NULL};", "NULL, NULL, {(void *)1}};"))
    )

    refused(file, "init-null")


READ_ONLY = "(void *)&get_required_hpy_major_version_mock"


@pytest.mark.parametrize("place", ["(void *)1", "(void *)8", READ_ONLY], ids=str)
@pytest.mark.parametrize("member", ["fused", "sibling"])
def test_a_link_that_cannot_be_written_to_is_not(library: Library, member: str, place: str) -> None:
    links = CONSTANT.replace("void *fused;", "void *fused, *sibling;").replace("SIZE", "32")
    values = [place if name == member else "NULL" for name in ("fused", "sibling")]
    file = library(mock(links.replace("NULL};", ", ".join(values) + "};")))

    refused(file, "bad-asks", "link in hpystate_asks_mock is not one of writable memory")


@pytest.mark.parametrize("table", ["fused", "sibling"])
def test_a_function_that_returns_no_link_is_refused(library: Library, table: str) -> None:
    file = library(mock(f"void *hpystate_{table}_link_1(void) {{ return (void *)8; }}"))

    refused(file, "bad-asks", f"link in hpystate_{table}_link_1 is not one of writable memory")


def test_the_size_of_the_context_here_is_the_one_that_these_tests_assume() -> None:
    assert _native.offers()[0]["context_size"] == 2208
    assert sys.byteorder == "little"
