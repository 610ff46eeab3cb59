"""test_bad_input.py: what is wrong with a file or a definition is said, and nothing is lost."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from tests.loader.mock import VERSIONS, Library, refused

pytestmark = pytest.mark.usefixtures("nothing_is_lost_or_half_registered")

DT_SYMENT = 11


# ---- files -------------------------------------------------------------------------------------


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    refused(tmp_path / "mock.hpy0.so", "missing-file", "No such file")


def test_a_directory(tmp_path: Path) -> None:
    refused(tmp_path, "not-shared-object", "not a regular file")


def test_an_empty_file(tmp_path: Path) -> None:
    file = tmp_path / "mock.hpy0.so"
    file.touch()

    refused(file, "not-shared-object", "not an ELF file")


def test_a_file_that_is_no_shared_object(tmp_path: Path) -> None:
    file = tmp_path / "mock.hpy0.so"
    file.write_text("print('hello')\n" * 100)

    refused(file, "not-shared-object", "not an ELF file")


def test_a_file_of_another_machine(library: Library) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    data[18:20] = (0x28).to_bytes(2, "little")  # e_machine: 32-bit ARM
    file.write_bytes(data)

    refused(file, "other-machine", "another machine")


def test_an_object_file_is_no_shared_object(library: Library) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    data[16:18] = (1).to_bytes(2, "little")  # e_type: ET_REL
    file.write_bytes(data)

    refused(file, "not-shared-object", "not a shared object")


@pytest.mark.parametrize("part", [0.02, 0.2, 0.5, 0.9, 0.99])
def test_a_truncated_file(library: Library, part: float) -> None:
    whole = library(VERSIONS).read_bytes()
    file = library(VERSIONS)
    file.write_bytes(whole[: int(len(whole) * part)])

    refused(file, "truncated", "truncated")


def test_every_truncation_is_refused_or_loads(library: Library, child: Callable) -> None:
    """dlopen of a truncated file dies by SIGBUS: in a child, every 97th length."""
    file = library(VERSIONS)
    script = """
import sys, os, hpystate
path = sys.argv[1]
data = open(path, "rb").read()
refused = 0
for length in range(0, len(data), 97):
    cut = path + f".{length}.hpy0.so"
    with open(cut, "wb") as file:
        file.write(data[:length])
    try:
        hpystate.load("mock", cut)
    except ImportError as error:
        refused += error.kind in ("truncated", "not-shared-object")
    os.unlink(cut)
print("refused", refused, "of", len(range(0, len(data), 97)))
"""
    result = child(script, str(file))

    assert result.returncode == 0, result.stderr
    words = result.stdout.split()
    assert words[1] == words[3]


def test_a_damaged_dynamic_section_is_refused(library: Library) -> None:
    """test_image.cpp damages every byte of the headers; this one shows what is said."""
    file = library(VERSIONS)
    data = file.read_bytes()
    entry = data.find(struct.pack("<qq", DT_SYMENT, 24))
    assert entry > 0
    file.write_bytes(data[: entry + 8] + struct.pack("<q", 25) + data[entry + 16 :])

    refused(file, "not-shared-object", "damaged", "DT_SYMENT", "0x19", "Build or copy")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "mock.hpy0.so")

    refused(tmp_path / "mock.hpy0.so", "not-shared-object", "not a regular file")


def test_a_library_that_needs_what_is_not_there(library: Library) -> None:
    file = library("void nowhere(void); void *use(void) { return (void *)nowhere; }")

    refused(file, "open-failed", "nowhere")


# ---- versions ----------------------------------------------------------------------------------


def test_missing_version_symbols(library: Library) -> None:
    file = library("")

    refused(file, "missing-version", "get_required_hpy_major_version_mock", "HPy_MODINIT(mock")


def test_a_file_that_holds_a_module_of_another_name(library: Library) -> None:
    file = library(
        "void *HPyInit_other(void) { return NULL; } void *HPyInit_third(void) { return NULL; }"
        "void HPyInitGlobalContext_other(void *ctx) {}"
    )

    refused(
        file,
        "missing-version",
        "get_required_hpy_major_version_mock",
        "It holds other, third. Load it as that (import looks for other.hpy0.so), or write "
        "HPy_MODINIT(mock",
    )


def test_a_file_of_0_0_4_that_holds_a_module_of_another_name(library: Library) -> None:
    file = library("void *HPyInit_other(void *ctx) { return NULL; }", file="mock.hpy.so")

    refused(file, "missing-version", "Load it as that (import looks for other.hpy.so), or write ")


@pytest.mark.parametrize("present", ["major", "minor"])
def test_one_missing_version_symbol(library: Library, present: str) -> None:
    file = library(f"uint32_t get_required_hpy_{present}_version_mock(void) {{ return 0; }}")

    absent = "minor" if present == "major" else "major"
    refused(file, "missing-version", f"get_required_hpy_{absent}_version_mock")


def test_an_extension_for_the_cpython_abi(library: Library) -> None:
    file = library("void *PyInit_mock(void) { return NULL; }")

    refused(
        file, "missing-version", "PyInit_mock", "CPython ABI, and Python's own import loads it."
    )


def test_an_extension_for_the_cpython_abi_of_our_headers(library: Library) -> None:
    """Such a file imports hpystate for its globals: it does not work without."""
    file = library("void *PyInit_mock(void) { return NULL; } const int hpystate_asks_mock = 0;")

    refused(file, "missing-version", "own import loads it, with hpystate installed.")


def test_an_extension_that_looks_like_an_older_version(library: Library) -> None:
    file = library("void *HPyInit_mock(void *ctx) { return NULL; }")

    refused(file, "missing-version", "0.0.4", "are named mock.hpy.so")


@pytest.mark.parametrize(("major", "minor"), [(3, 0), (0, 1), (999, 7)])
def test_a_version_that_we_lack(library: Library, major: int, minor: int) -> None:
    file = library(VERSIONS, major=major, minor=minor, file=f"mock.hpy{major}.so")

    refused(file, "unsupported-version", f"HPy ABI {major}.{minor}", "0.0 (HPy 0.9)")


def test_a_tag_in_the_file_name_that_is_not_the_version_inside(library: Library) -> None:
    file = library(VERSIONS, file="mock.hpy7.so")

    error = refused(file, "tag-mismatch", "name is HPy ABI 7", "ABI 0.0")
    assert error.details["tag"] == "7"


@pytest.mark.parametrize("digits", ["1", "00000000001", "4294967296", "18446744073709551616"])
def test_a_tag_of_many_digits_is_not_cut_off(library: Library, digits: str) -> None:
    error = refused(library(VERSIONS, file=f"mock.hpy{digits}.so"), "tag-mismatch", digits)
    assert error.details["tag"] == digits


@pytest.mark.parametrize("file", ["mock.hpy00.so", "mock.hpy.hpy0.so", "a.hpyx.hpy0-linux.so"])
def test_a_tag_is_the_first_number_behind_a_mark(library: Library, file: str) -> None:
    refused(library(VERSIONS, file=file), "missing-init")  # past the tag, to the next complaint


@pytest.mark.parametrize("name", ["mock.so", "mock.hpy.so", "mock.hpyx0.so"])
def test_no_tag_in_the_file_name(library: Library, name: str) -> None:
    refused(library(VERSIONS, file=name), "no-tag", "mock.hpy0.so")


def test_a_tag_in_a_folder_says_nothing(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "x.hpy7"
    folder.mkdir()
    file = library(VERSIONS)
    moved = folder / "mock.hpy0.so"
    file.rename(moved)

    refused(moved, "missing-init")


# ---- functions and definitions -----------------------------------------------------------------


def test_no_init_function(library: Library) -> None:
    refused(library(VERSIONS), "missing-init", "HPyInit_mock")


def test_no_context_function(library: Library) -> None:
    source = (VERSIONS + "void *HPyInit_mock(void) { return NULL; }").replace("mock", "bare")

    refused(library(source, file="bare.hpy0.so"), "missing-context-init", name="bare")


def test_an_init_function_that_returns_null(library: Library) -> None:
    file = library(VERSIONS + "void *HPyInit_mock(void) { return NULL; }")

    refused(file, "init-null", "HPyInit_mock returned NULL")


@pytest.mark.parametrize("address", ["8", "(char *)&get_required_hpy_major_version_mock + 1"])
def test_an_init_function_that_returns_no_definition(library: Library, address: str) -> None:
    file = library(VERSIONS + f"void *HPyInit_mock(void) {{ return (void *)({address}); }}")

    refused(file, "bad-definition", "HPyInit_mock", "HPyModuleDef")


@pytest.mark.parametrize(
    ("variable", "rest"),
    [
        ("const unsigned get_required_hpy_minor_version_mock = 0;", "MAJOR_ONLY"),
        ("void *HPyInit_mock = NULL;", VERSIONS),
        (
            'const char hpystate_interpreters_mock[] = "main";',
            VERSIONS + "void *HPyInit_mock(void) { return NULL; }",
        ),
    ],
    ids=["version", "init", "interpreters"],
)
def test_a_variable_where_a_function_was_expected(
    library: Library, variable: str, rest: str
) -> None:
    rest = rest.replace(
        "MAJOR_ONLY", "uint32_t get_required_hpy_major_version_mock(void) { return 0; }"
    )

    refused(library(variable + rest), "not-a-function", "is a variable", "_mock")


@pytest.mark.parametrize("size", [1, 64, -1])
def test_a_definition_with_a_size(library: Library, size: int) -> None:
    file = library(
        VERSIONS
        + f"static Def def = {{ .size = {size} }}; Def *HPyInit_mock(void) {{ return &def; }}"
    )

    refused(file, "module-size", f"size {size}")


def test_a_global_in_read_only_memory(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static intptr_t good;
        static const intptr_t constant = 0;
        static void *globals[] = {&good, (void *)&constant, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        intptr_t *look(void) { return &good; }
        """
    )

    error = refused(
        file,
        "read-only-global",
        ": constant, globals[1] of module mock, ",
        "read-only memory",
        "aligned to 8 bytes, was expected",
        "without const",
    )
    assert error.details["index"] == "1"
    import ctypes  # the slot before the bad one was not written

    look = ctypes.CDLL(str(file)).look
    look.restype = ctypes.POINTER(ctypes.c_ssize_t)
    assert look()[0] == 0


def test_a_global_that_is_not_aligned(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static intptr_t words[2];
        static void *globals[] = {(char *)words + 4, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        """
    )

    refused(
        file,
        "misaligned-global",
        ": words, globals[0] of module mock, ",
        "not aligned to 8",
        "outside of packed structs",
    )


def test_a_global_at_no_memory(library: Library) -> None:
    file = library(
        VERSIONS
        + """
        static void *globals[] = {(void *)0x1000, NULL};
        static Def def = {.globals = globals};
        Def *HPyInit_mock(void) { return &def; }
        """
    )

    error = refused(
        file,
        "unmapped-global",
        ": globals[0] of module mock, is at the address 0x1000, which is not mapped",
        "end it with NULL",
    )
    assert "read-only" not in str(error)


@pytest.mark.parametrize("word", ["everywhere", ""])
def test_an_extension_that_names_no_known_interpreters(library: Library, word: str) -> None:
    file = library(
        VERSIONS
        + f"""
        static Def def;
        Def *HPyInit_mock(void) {{ return &def; }}
        const char *hpystate_interpreters_mock(void) {{ return "{word}"; }}
        """
    )

    refused(file, "bad-interpreters", "'shared-gil'")


# ---- arguments ---------------------------------------------------------------------------------


def test_arguments_of_the_wrong_type_or_value(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="name is int"):
        hpystate.load(3, tmp_path)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="name is empty"):
        hpystate.load("", tmp_path)
    with pytest.raises(ValueError, match=r"name is 'a\\x00b'; the module's dotted name was"):
        hpystate.load("a\0b", tmp_path)
    for path in (None, 3):
        with pytest.raises(TypeError, match=f"load: path is {type(path).__name__}, a str or"):
            hpystate.load("x", path)  # type: ignore[arg-type]
    for text in ("", "a\0b"):
        with pytest.raises(ValueError, match="load: path is '.*'; the path of a file X.hpy0.so"):
            hpystate.load("x", text)
    with pytest.raises(ValueError, match="mode is 'fast'"):
        hpystate.load("x", tmp_path, mode="fast")
    with pytest.raises(ValueError, match="interpreters is 'all'"):
        hpystate.load("x", tmp_path, interpreters="all")


def test_a_module_name_that_is_not_ascii(tmp_path: Path, library: Library) -> None:
    refused(library(VERSIONS), "bad-name", "not end in an ASCII name", name="möck")


def test_a_mode_that_is_none(library: Library) -> None:
    with pytest.raises(ValueError, match="'universal', 'debug', 'trace' was expected"):
        hpystate.load("mock", library(VERSIONS), mode="slow")
