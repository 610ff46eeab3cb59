"""test_alone.py: every public header compiles alone, as C and as C++, in both ABIs."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest

from hpystate.build import include_folder, upstream_sdist

INCLUDE = Path(__file__).resolve().parents[2] / "include"
#: Takes HPy's types from whoever includes it: an extension or a runtime.
NOT_ALONE = {
    Path("hpystate/global.h"),  # of CPython's own API: tests/face/test_compiles.py
    Path("hpystate/cpython_table.h"),
    Path("hpystate/fused_table.h"),
    Path("hpystate/sibling_table.h"),
}
HEADERS = sorted(
    {
        path.relative_to(INCLUDE)
        for path in INCLUDE.rglob("*.h")
        if path.parent.name != "forbid_python_h"
    }
    - NOT_ALONE
)
SOURCES = sorted(path.relative_to(INCLUDE) for path in INCLUDE.rglob("*.c"))
COMPILERS = {"c": ("gcc", "clang"), "c++": ("g++", "clang++")}
STANDARDS = {"c": ("c11",), "c++": ("c++17", "c++20")}
WAYS = [
    pytest.param(
        compiler,
        language,
        standard,
        marks=pytest.mark.skipif(
            compiler.startswith("clang") and shutil.which(compiler) is None,
            reason=f"{compiler} is not installed; the package clang has it",
        ),
        id=f"{compiler}-{standard}",
    )
    for language, compilers in COMPILERS.items()
    for compiler in compilers
    for standard in STANDARDS[language]
]
#: The same for a test that takes long: one way in `make test`, the others in `make test-long`.
WAYS_LONG = [
    WAYS[0],
    *(
        pytest.param(*way.values, marks=[*way.marks, pytest.mark.long], id=way.id)
        for way in WAYS[1:]
    ),
]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]
ABIS = {
    "universal": [
        "-DHPY_ABI_UNIVERSAL",
        f"-I{INCLUDE / 'hpy' / 'forbid_python_h'}",
        f"-I{INCLUDE}",
    ],
    # Python's headers are not ours to judge.
    "hybrid": ["-DHPY_ABI_HYBRID", f"-I{INCLUDE}", f"-isystem{sysconfig.get_path('include')}"],
    "cpython": ["-DHPY_ABI_CPYTHON", f"-I{INCLUDE}", f"-isystem{sysconfig.get_path('include')}"],
}


def compile_text(text: str, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*command, "-fsyntax-only", "-"], input=text, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS_LONG)
def test_every_public_header_compiles_alone(
    compiler: str, language: str, standard: str, abi: str
) -> None:
    command = [compiler, f"-std={standard}", *WARNINGS, *ABIS[abi], "-x", language]
    wrong = {}
    for header in HEADERS:
        result = compile_text(f'#include "{header}"\ntypedef int used;\n', *command)
        if result.returncode != 0:
            wrong[str(header)] = result.stderr

    assert not wrong, "\n".join(wrong.values())


#: HPy_MODINIT in a file whose own names are those that its macro could use, and what the file
#: declares by words, before and behind it.
MODINIT = """
#include <hpy.h>
#pragma GCC diagnostic error "-Wshadow"
extern int spec, definition, module, made, created, module_definition, object_definition;
HPy_EXPORTED_FUNC const char *hpystate_gil_words(void);
const char *hpystate_gil_words(void) { return "off"; }
static HPyModuleDef words_definition = {NULL, 0, NULL, NULL, NULL};
HPy_MODINIT(words, words_definition)
HPy_EXPORTED_FUNC const char *hpystate_interpreters_words(void);
const char *hpystate_interpreters_words(void) { return "own-gil"; }
"""


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS)
def test_a_module_compiles_beside_its_words_and_any_names(
    tmp_path: Path, compiler: str, language: str, standard: str, abi: str
) -> None:
    command = [compiler, f"-std={standard}", *WARNINGS, *ABIS[abi], "-fPIC"]
    command += ["-x", language, "-", "-c", "-o", str(tmp_path / "words.o")]
    result = subprocess.run(command, input=MODINIT, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("header", ["fused.h", "sibling.h"])
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS)
def test_our_own_calls_compile_behind_upstreams_headers(
    compiler: str, language: str, standard: str, header: str
) -> None:
    # Upstream's HPy_NULL is not ISO C++, and its alloca not ISO C: only GNU C's stdlib.h has it.
    standard = "gnu11" if standard == "c11" else standard
    strict = [each for each in WARNINGS if language == "c" or each != "-Wpedantic"]
    folders = ["-isystem", str(include_folder("upstream")), "-idirafter", str(INCLUDE)]
    command = [compiler, f"-std={standard}", *strict, "-DHPY_ABI_UNIVERSAL", *folders]
    text = f"#include <hpystate/{header}>\ntypedef int used;\n"
    result = compile_text(text, *command, "-x", language)

    assert result.returncode == 0, result.stderr


SIBLINGS = """
#include <hpystate/sibling.h>
struct functions { HPy (*same)(HPyContext *ctx, HPy h); };
static HPy same(HPyContext *ctx, HPy h) { return HPy_Dup(ctx, h); }
static const struct functions functions = {same};
static const struct hpystate_api api = HPYSTATE_API(functions);
static struct hpystate_api_user user;
int use(HPyContext *ctx, HPy h);
int use(HPyContext *ctx, HPy h) {
    HPyContext *theirs = hpystate_context_for(ctx, 0, 0);
    HPy lent = hpystate_lend(ctx, theirs, h);
    hpystate_end_lend(ctx, theirs, lent);
    h = hpystate_give(theirs, ctx, HPYSTATE_API_FUNCTIONS(&user, struct functions)->same(
                                       hpystate_api_context(ctx, &user), h));
    return hpystate_api_publish(ctx, h, "_C_API", &api) < 0 ||
           HPYSTATE_API_FIND(ctx, &user, "module", "_C_API", struct functions) < 0;
}
"""


@pytest.mark.parametrize("optimised", ["-O0", "-O2"])
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS)
def test_calls_between_extensions_compile_behind_the_headers_of_0_0_4(
    tmp_path: Path, compiler: str, language: str, standard: str, optimised: str
) -> None:
    """Compiled, not only read: some warnings are given where code is made."""
    old = upstream_sdist("0.0.4") / "hpy" / "devel" / "include"
    ours = tmp_path / "hpystate"  # alone, since a folder of -I is before one of -isystem
    ours.symlink_to(INCLUDE / "hpystate")
    # HPy_NULL of 0.0.4 is not ISO C++.
    strict = [each for each in WARNINGS if language == "c" or each != "-Wpedantic"]
    command = [compiler, f"-std={standard}", *strict, optimised, "-fPIC", "-DHPY_UNIVERSAL_ABI"]
    command += ["-isystem", str(old), f"-I{tmp_path}", "-x", language, "-", "-c", "-o", "/dev/null"]
    result = subprocess.run(command, input=SIBLINGS, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("source", SOURCES, ids=str)
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS[:2])
def test_the_helpers_compile_without_a_warning(
    compiler: str, language: str, standard: str, source: Path, abi: str
) -> None:
    command = [compiler, f"-std={standard}", *WARNINGS, *ABIS[abi], "-x", language]
    result = compile_text((INCLUDE / source).read_text(), *command, f"-I{INCLUDE / source.parent}")

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_no_header_includes_python_in_universal_mode(header: Path) -> None:
    """The real Python.h is on the path, and the folder that forbids it is not."""
    python = f"-I{sysconfig.get_path('include')}"
    command = ["cc", "-std=c11", "-DHPY_ABI_UNIVERSAL", "-M", f"-I{INCLUDE}", python]
    result = subprocess.run(
        [*command, str(INCLUDE / header)], capture_output=True, text=True, check=True
    )

    assert "Python.h" not in result.stdout


def test_hybrid_mode_includes_python() -> None:
    """What the test above looks for is there to be found."""
    command = ["cc", "-std=c11", *ABIS["hybrid"], "-M", str(INCLUDE / "hpy.h")]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "Python.h" in result.stdout


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ([], "Compile with -DHPY_ABI_UNIVERSAL, _HYBRID or _CPYTHON"),
        (["-DHPY_ABI_UNIVERSAL", "-DHPY_ABI_HYBRID"], "not several"),
        (["-DHPY_ABI_UNIVERSAL", "-DHPY_ABI_CPYTHON"], "not several"),
    ],
)
def test_an_unclear_abi_is_an_error_that_says_what_to_do(flags: list[str], message: str) -> None:
    result = compile_text("#include <hpy.h>\n", "cc", *flags, f"-I{INCLUDE}", "-x", "c")

    assert result.returncode != 0
    assert message in result.stderr


def test_the_cpython_abi_refuses_the_limited_api() -> None:
    result = compile_text(
        "#include <hpy.h>\n", "cc", *ABIS["cpython"], "-DPy_LIMITED_API", "-x", "c"
    )

    assert "HPY_ABI_CPYTHON needs CPython from 3.12 on, without Py_LIMITED_API" in result.stderr


def test_a_universal_extension_cannot_include_python() -> None:
    text = "#include <hpy.h>\n#include <Python.h>\n"
    python = f"-I{sysconfig.get_path('include')}"
    result = compile_text(text, "cc", *ABIS["universal"], python, "-x", "c")

    assert result.returncode != 0
    assert "It is forbidden to #include <Python.h>" in result.stderr


@pytest.mark.parametrize("call", ["HPy_AsPyObject(ctx, h)", "HPy_FromPyObject(ctx, o)"])
@pytest.mark.parametrize("level", ["-O0", "-O2"])
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS)
def test_a_universal_extension_cannot_call_a_legacy_function(
    compiler: str, language: str, standard: str, level: str, call: str, tmp_path: Path
) -> None:
    text = "#include <hpy.h>\nvoid f(HPyContext *ctx, HPy h, cpy_PyObject *o);\n"
    text += f"void f(HPyContext *ctx, HPy h, cpy_PyObject *o) {{ (void)h; (void)o; (void){call}; }}"
    file = tmp_path / "legacy"
    file.write_text(text)
    command = [compiler, f"-std={standard}", level, "-x", language, "-c", str(file)]
    command += ["-o", str(tmp_path / "legacy.o")]
    universal, hybrid = (
        subprocess.run([*command, *ABIS[abi]], capture_output=True, text=True, check=False)
        for abi in ("universal", "hybrid")
    )

    assert universal.returncode != 0
    assert "Cannot use legacy functions when targeting the HPy Universal ABI" in universal.stderr
    assert hybrid.returncode == 0, hybrid.stderr


def test_the_error_for_the_cpython_abi_names_a_document_that_exists() -> None:
    root = INCLUDE.parent

    assert (root / "docs/decisions/0001-cpython-abi.md").is_file()
