"""test_abi.py: `python -m hpystate abi FILE`, and the error of an import of the same file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import hpystate
from hpystate import abi
from hpystate.finder import HYBRID_SUFFIX
from hpystate.testing import compile_snippet
from tests.loader.mock import GOOD, VERSIONS, Library, refused

EI_CLASS, EI_DATA, E_MACHINE = 4, 5, 18
Change = Callable[[bytearray], None]


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hpystate", "abi", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def as_json(*arguments: object, status: int = 0) -> dict[str, Any]:
    result = command(*arguments, "--json")
    assert result.returncode == status, result.stderr
    return json.loads(result.stdout)


def test_it_says_what_a_file_asks_for_and_gets() -> None:
    source = GOOD.replace("#include <hpy.h>", "#include <hpy.h>\n#include <hpystate/fused.h>")
    file = compile_snippet("good", source)
    result = command(file)

    assert result.returncode == 0
    assert result.stdout.splitlines() == [
        str(file),
        "module good",
        "  asks for   HPy 0.9 (ABI 0.0, tag hpy0), 189 functions",
        "  by         get_required_hpy_major_version_good, get_required_hpy_minor_version_good, "
        "hpystate_asks_good",
        "  gets       HPy 0.9 (ABI 0.0), 189 functions",
        "  emulated   nothing",
        "  fused calls: all 21",
        "  calls between extensions: not used",
    ]


def test_json_has_the_same_and_names_the_runtime() -> None:
    file = compile_snippet("good", GOOD, headers="upstream")
    found = as_json(file)
    (module,) = found["modules"]

    assert found["runtime"]["hpystate"] == hpystate.__version__
    assert [row["release"] for row in found["runtime"]["offers"]] == ["0.9", "0.0.4"]
    assert (found["file"], found["loads"], module["loads"]) == (str(file), True, True)
    assert module["asks"]["release"] == module["gets"]["release"] == "0.9"
    assert module["asks"]["functions"] is None  # upstream's headers do not tell
    assert "hpystate_asks" not in module["asks"]["by"]
    assert module["emulated"] == []
    assert module["tables"] == {"fused calls": None, "calls between extensions": None}


def test_words_that_a_file_declares_are_shown() -> None:
    words = """
    HPy_EXPORTED_FUNC const char *hpystate_interpreters_good(void) { return "main"; }
    HPy_EXPORTED_FUNC const char *hpystate_other_runtimes_good(void) { return "copy"; }
    HPy_MODINIT"""
    file = compile_snippet("good", GOOD.replace("\n    HPy_MODINIT", words))

    told = "  declares   interpreters 'main', other_runtimes 'copy'"
    assert told in command(file).stdout.splitlines()
    assert as_json(file)["modules"][0]["asks"]["other_runtimes"] == "copy"


def test_a_longer_table_of_fused_calls_than_ours_is_named() -> None:
    later = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    __attribute__((constructor)) static void later(void) {
        hpystate_fused_state.table_size += 2 * sizeof(void (*)(void));
    }
    """
    file = compile_snippet("good", GOOD.replace("#include <hpy.h>", later))

    assert as_json(file)["modules"][0]["tables"]["fused calls"] == {
        "asks": 23,
        "offered": 21,
        "gets": 0,
    }
    assert "it knows 23, this runtime has 21: each call uses HPy's own" in command(file).stdout


def test_every_module_of_a_file_is_listed(library: Library) -> None:
    other = VERSIONS.replace("mock", "other")
    init = "Def *HPyInit_mock(void) { return NULL; } Def *HPyInit_other(void) { return NULL; }"
    context = "void HPyInitGlobalContext_other(void *ctx) {}"
    file = library(VERSIONS + other.replace("MINOR", "9") + init + context)
    found = as_json(file, status=1)

    assert [(m["module"], m["loads"]) for m in found["modules"]] == [
        ("mock", True),
        ("other", False),
    ]
    assert found["modules"][1]["kind"] == "unsupported-version"
    assert command(file, "--module", "mock").returncode == 0
    assert command(file, "--module", "other").returncode == 1


def test_a_file_that_has_another_name_than_its_module_is_told(tmp_path: Path) -> None:
    renamed = tmp_path / "renamed.hpy0.so"
    shutil.copy(compile_snippet("good", GOOD), renamed)

    told = (
        "  import     looks for good.hpy0.so, and this file is renamed.hpy0.so: rename it, or call "
        f"hpystate.load('good', '{renamed}')"
    )
    assert told in command(renamed).stdout.splitlines()
    assert as_json(renamed)["modules"][0]["import_looks_for"] == "good.hpy0.so"
    with pytest.raises(ImportError, match=r"It holds good. Load it as that \(import looks for"):
        hpystate.load("renamed", renamed)
    assert hpystate.load("good", renamed).__name__ == "good"


def test_without_a_file_it_prints_the_table_of_versions() -> None:
    result = command()

    assert result.returncode == 0
    assert "HPy 0.9: ABI 0.0, NAME.hpy0.so, 189 functions" in result.stdout.splitlines()
    assert as_json()["offers"] == abi.describe_runtime()["offers"]


def test_wrong_arguments_have_a_status_of_their_own() -> None:
    assert command("one", "two").returncode == 2
    result = command("--module", "mock")  # of which file?
    assert (result.returncode, result.stdout) == (2, "")
    assert "--module needs a FILE" in result.stderr
    assert "exit status: 0" in " ".join(command("--help").stdout.split())


# ---- what does not fit is named, by the import and by the command ------------------------------


def refused_by_both(file: Path, kind: str, *words: str) -> None:
    error = refused(file, kind, *words)
    found = as_json(file, status=1)
    (module,) = found["modules"]

    assert (found["loads"], module["loads"], module["kind"]) == (False, False, kind)
    assert module["reason"] == str(error)
    shown = command(file)
    assert shown.returncode == 1
    assert f"  refused    {kind}: {error}" in shown.stdout.splitlines()


def set_byte(offset: int, value: int) -> Change:
    def change(data: bytearray) -> None:
        data[offset] = value

    return change


def big_endian(data: bytearray) -> None:
    data[EI_DATA] = 2
    data[E_MACHINE : E_MACHINE + 2] = (22).to_bytes(2, "big")


def arm_of_32_bits(data: bytearray) -> None:
    data[EI_CLASS] = 1
    data[E_MACHINE : E_MACHINE + 2] = (40).to_bytes(2, "little")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (set_byte(EI_CLASS, 1), "with words of 32 bits instead of 64 bits."),
        (
            set_byte(E_MACHINE, 183),
            "with the architecture AArch64 (ELF machine 183) instead of x86-64 (ELF machine 62).",
        ),
        (
            big_endian,
            "with the byte order big-endian instead of little-endian, the architecture IBM Z "
            "(s390) (ELF machine 22) instead of x86-64",
        ),
        (
            arm_of_32_bits,
            "with words of 32 bits instead of 64 bits, the architecture ARM (ELF machine 40)",
        ),
        (set_byte(E_MACHINE + 1, 0x7F), "the architecture unknown (ELF machine 32574)"),
    ],
    ids=["words", "architecture", "byte order", "both", "unknown"],
)
def test_a_file_for_another_machine(library: Library, change: Change, words: str) -> None:
    file = library(VERSIONS)
    data = bytearray(file.read_bytes())
    change(data)
    file.write_bytes(data)

    refused_by_both(file, "other-machine", "built for another machine", words, "for this machine")


def test_a_file_that_is_not_elf(tmp_path: Path) -> None:
    file = tmp_path / "mock.hpy0.so"
    file.write_bytes(b"MZ" + bytes(1000))

    refused_by_both(file, "not-shared-object", "not an ELF file")


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    refused_by_both(tmp_path / "mock.hpy0.so", "missing-file")


ENDS = {
    "a crash": ("*(volatile int *)8 = 1;", "was ended by SIGSEGV"),
    "an exit": ("exit(0);", "ended with status 0"),
    "as the dynamic linker does": ("_exit(127);", "ended with status 127"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_file_that_ends_the_process_is_told(library: Library, how: str) -> None:
    """A damaged file can do so in the dynamic linker; here it is a constructor."""
    code, words = ENDS[how]
    file = library(
        VERSIONS
        + "#include <stdlib.h>\n#include <unistd.h>\n"
        + f"__attribute__((constructor)) static void end(void) {{ {code} }}"
    )
    (module,) = as_json(file, status=1)["modules"]

    assert (module["module"], module["loads"], module["kind"]) == ("mock", False, "crashed")
    assert words in module["reason"]
    assert "an import of it would end the program" in module["reason"]
    assert command(file).returncode == 1


def test_a_function_of_the_file_that_raises_is_told(library: Library) -> None:
    versions = VERSIONS.replace("{ return MAJOR", "{ raise(); return MAJOR", 1)
    raises = """
        extern void *PyExc_LookupError;
        void PyErr_SetString(void *, const char *);
        static void raise(void) { PyErr_SetString(PyExc_LookupError, "by the file"); }
    """
    file = library(raises + versions + "Def *HPyInit_mock(void) { return NULL; }")
    (module,) = as_json(file, status=1)["modules"]

    assert (module["loads"], module["kind"]) == (False, "raised")
    assert "LookupError: by the file" in module["reason"]


def test_a_damaged_name_of_a_module_is_refused(library: Library) -> None:
    file = library(VERSIONS + "Def *HPyInit_mock(void) { return NULL; }")
    file.write_bytes(file.read_bytes().replace(b"HPyInit_mock\0", b"HPyInit_moc\xeb\0"))
    (module,) = as_json(file, status=1)["modules"]

    assert (module["module"], module["kind"]) == ("moc\ufffd", "bad-name")
    assert "moc" in command(file).stdout


@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
@pytest.mark.parametrize("there", [True, False])
def test_names_that_the_terminal_cannot_show(
    library: Library, tmp_path: Path, encoding: str, there: bool
) -> None:
    file = os.fsencode(tmp_path) + b"/caf\xe9.hpy0.so"
    if there:
        Path(os.fsdecode(file)).write_bytes(library(VERSIONS).read_bytes())
    for more in ([], ["--module", b"caf\xe9"], ["--module", b"caf\xe9", "--json"]):
        result = subprocess.run(
            [sys.executable, "-m", "hpystate", "abi", file, *more],
            capture_output=True,
            env=os.environ | {"PYTHONIOENCODING": encoding},
            check=False,
        )
        assert result.returncode == 1, result.stderr
        assert b"caf" in result.stdout
        assert result.stderr == b""


@pytest.mark.parametrize(
    ("major", "minor", "which"),
    [
        (0, 1, "0.1, a later minor version"),
        (1, 0, "1.0, another major version"),
        (0xFFFFFFFF, 4, "4294967295.4, another major version"),  # ours, for HPy 0.0.4
    ],
)
def test_a_later_version(library: Library, major: int, minor: int, which: str) -> None:
    init = "Def *HPyInit_mock(void) { return NULL; }"
    file = library(VERSIONS + init, major=major, minor=minor, file=f"mock.hpy{major}.so")

    refused_by_both(file, "unsupported-version", f"needs HPy ABI {which}", "has 0.0 (HPy 0.9)")


def test_an_extension_of_the_c_api_alone(library: Library) -> None:
    file = library("void *PyInit_mock(void) { return NULL; }", file="mock.cpython-312.so")

    refused_by_both(file, "missing-version", "exports PyInit_mock", "for the CPython ABI")


#: The letters of the other kind of build, where it has other objects.
OTHER_KIND = "" if sysconfig.get_config_var("Py_GIL_DISABLED") else "t"
THIS = f"cp{sys.version_info[0]}{sys.version_info[1]}"


@pytest.mark.parametrize(
    "tag", ["cp311", "cp399", "cp3", "pp310", "pypy38", "graalpy", THIS + OTHER_KIND]
)
def test_a_hybrid_of_another_python(library: Library, tag: str) -> None:
    """Also where it needs a function that this Python lacks: the linker would name only that."""
    needs = "void PyOther_Function(void); void *use(void) { return (void *)PyOther_Function; }"
    file = library(
        VERSIONS + "Def *HPyInit_mock(void) { return NULL; }" + needs, file=f"mock.hpy0-{tag}.so"
    )

    refused_by_both(file, "other-python", f"the tag in the file's name is {tag}", THIS)


def test_the_other_kind_of_this_python_is_named(library: Library) -> None:
    file = library(VERSIONS, file=f"mock.hpy0-{THIS}{OTHER_KIND}.so")
    here = "this Python is " + THIS + (", with the GIL." if OTHER_KIND else "t, without the GIL.")

    refused(file, "other-python", here)


@pytest.mark.parametrize("letters", ["", "d"])
def test_a_hybrid_of_this_python_is_good(library: Library, letters: str) -> None:
    tag = HYBRID_SUFFIX.removeprefix(".hpy0-").removesuffix(".so").rstrip("d") + letters

    refused(library(VERSIONS, file=f"mock.hpy0-{tag}.so"), "missing-init")  # the next complaint
