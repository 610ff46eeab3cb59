"""test_every_source.py: each source of the tree that is written with HPy compiles unchanged for all
three ABIs, without a warning."""

from __future__ import annotations

import re
import shutil
import subprocess
import sysconfig
from functools import cache
from pathlib import Path

import pytest

from hpystate.build import CXX_SUFFIXES, include_folder

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("bench", "examples", "stress", "tests")
#: Sources that include HPy's headers and are not extensions for them, each with the reason.
NOT_EXTENSIONS = {
    "bench/memory/kept_c.c": "is for CPython's own API",
    "bench/pyglobal/decimal_like.c": "is for CPython's own API: hpystate/global.h",
    "bench/pyglobal/loads.c": "the same",
    "tests/abi/layout_0_9.c": "compares the frozen lists with upstream's layout; its ABI is given",
    "tests/abi/layout_global.c": "is for CPython's own API: hpystate/global.h",
    "tests/fuzz/formats.cpp": "a fuzzer around the helpers of the universal ABI, which has a main",
    "tests/versions/future/newer.c": "for headers of HPy 1.0, which a test makes of ours",
}
#: What a build defines for a source.
DEFINED = {
    "stress/extensions/": ["-DMODULE={stem}"],
    "stress/extensions/many.c": ["-DSLOTS=100"],
}
# A function of HPy's has a context and a self, which few need.
FLAGS = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-O1", "-fPIC"]
ABIS = ("universal", "hybrid", "cpython")
COMPILERS = {"gcc": ("gcc", "g++"), "clang": ("clang", "clang++")}


@cache
def includes_hpy(source: Path) -> bool:
    """Whether a file includes HPy's headers, itself or through files beside it."""
    names = re.findall(r'^ *# *include [<"]([^">]+)[">]', source.read_text(), re.MULTILINE)
    if any(name == "hpy.h" or name.startswith(("hpy/", "hpystate/")) for name in names):
        return True
    beside = (source.parent / name for name in names)
    return any(includes_hpy(file) for file in beside if file.is_file())


def sources() -> list[str]:
    """Relative to the tree. The runtime's own sources and its tests of C++ have Catch2 or its
    headers, and are for one ABI each."""
    files = {
        file for name in FOLDERS for kind in ("*.c", "*.cpp") for file in (ROOT / name).rglob(kind)
    }
    found = (str(file.relative_to(ROOT)) for file in files if includes_hpy(file))
    return sorted(found)


EXTENSIONS = [name for name in sources() if name not in NOT_EXTENSIONS]


def compiled(source: str, abi: str, compiler: str, *more: str) -> str:
    """What a compiler writes; nothing where all is well."""
    path = ROOT / source
    is_cxx = path.suffix in CXX_SUFFIXES
    include = include_folder()
    forbidden = [f"-I{include / 'hpy' / 'forbid_python_h'}"] if abi == "universal" else []
    command = [COMPILERS[compiler][is_cxx], "-std=c++17" if is_cxx else "-std=gnu11", *FLAGS]
    # g++ warns for each member that a designated initializer leaves out.
    command += ["-Wno-missing-field-initializers"] if is_cxx else []
    command += ["-DHPY", f"-DHPY_ABI_{abi.upper()}", *forbidden, f"-I{include}"]
    command += ["-isystem", sysconfig.get_path("include"), *more]
    for begin, flags in DEFINED.items():
        command += [flag.format(stem=path.stem) for flag in flags if source.startswith(begin)]
    result = subprocess.run(
        [*command, "-c", str(path), "-o", "/dev/null"], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0 or result.stderr
    return result.stderr


def with_compilers(test: object) -> object:
    missing = [
        pytest.param(
            name,
            marks=pytest.mark.skipif(
                shutil.which(name) is None,
                reason=f"{name} is not installed; the package {name} has it",
            ),
        )
        for name in COMPILERS
    ]
    return pytest.mark.parametrize("compiler", missing)(test)


@pytest.mark.long
@with_compilers
@pytest.mark.parametrize(
    "abi", [pytest.param("universal", marks=pytest.mark.once), "hybrid", "cpython"]
)
def test_each_source_compiles_without_a_warning(abi: str, compiler: str) -> None:
    written = [compiled(source, abi, compiler) for source in EXTENSIONS]

    assert "\n".join(filter(None, written)) == ""


def test_the_list_has_every_kind_of_source() -> None:
    assert set(NOT_EXTENSIONS) <= set(sources())
    for name in (
        "examples/atlas/atlas.c",
        "bench/programs/constraint_hpy.c",
        "tests/hosts/every.c",
    ):
        assert name in EXTENSIONS
    assert {name.partition("/")[0] for name in EXTENSIONS} == set(FOLDERS)


@with_compilers
@pytest.mark.parametrize("suffix", ["c", "cpp"])
@pytest.mark.parametrize("where", ["before", "behind", "nowhere"])
def test_a_files_words_may_be_defined_before_hpy_modinit_or_behind(
    tmp_path: Path, where: str, suffix: str, compiler: str
) -> None:
    """clang warned of a declaration behind the file's own definition."""
    word = 'const char *hpystate_gil_words(void) { return "off"; }\n'
    text = '#include <hpy.h>\n#ifdef __cplusplus\nextern "C" {\n#endif\n'
    text += "const char *hpystate_gil_words(void);\n" + (word if where == "before" else "")
    text += "static HPyModuleDef def = {.doc = NULL, .size = 0, .legacy_methods = NULL,"
    text += " .defines = NULL, .globals = NULL};\nHPy_MODINIT(words, def)\n"
    text += (word if where == "behind" else "") + "#ifdef __cplusplus\n}\n#endif\n"
    source = tmp_path / f"words.{suffix}"
    source.write_text(text)

    assert [compiled(str(source), abi, compiler) for abi in ABIS] == ["", "", ""]
