"""test_headers.py: every public header compiles alone, as C and as C++, without Python.h."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from hpystate.build import upstream_sdist

INCLUDE = Path(__file__).resolve().parents[2] / "include"
#: Takes HPy's types from whoever includes it: an extension or a runtime.
NOT_ALONE = {Path("hpystate/fused_table.h")}
HEADERS = sorted({path.relative_to(INCLUDE) for path in INCLUDE.rglob("*.h")} - NOT_ALONE)
WAYS = [
    (compiler, language, standard)
    for compilers, language, standards in (
        (("cc", "clang"), "c", ("c11",)),
        (("c++", "clang++"), "c++", ("c++17", "c++20")),
    )
    for compiler in compilers
    if shutil.which(compiler)
    for standard in standards
]


def folders(header: Path) -> list[str]:
    """Where a header's own includes are found: hpystate/*.h need an <hpy.h>, upstream's."""
    if header.parts[0] != "hpystate":
        return [f"-I{INCLUDE}"]
    upstream = upstream_sdist() / "hpy" / "devel" / "include"
    return ["-DHPY_ABI_UNIVERSAL", "-isystem", str(upstream), "-idirafter", str(INCLUDE)]


@pytest.mark.parametrize("header", HEADERS, ids=str)
@pytest.mark.parametrize(("compiler", "language", "standard"), WAYS)
def test_a_public_header_compiles_alone(
    header: Path, compiler: str, language: str, standard: str
) -> None:
    # Upstream's HPy_NULL is no ISO C++.
    strict = ["-Wpedantic"] if header.parts[0] == "hpy" or language == "c" else []
    flags = ["-Wall", "-Wextra", *strict, "-Werror", "-fsyntax-only", *folders(header)]
    command = [compiler, f"-std={standard}", *flags, "-x", language, "-"]
    text = f'#include "{header}"\ntypedef int used;\n'
    result = subprocess.run(command, input=text, capture_output=True, text=True, check=False)

    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("header", HEADERS, ids=str)
def test_no_public_header_includes_python(header: Path) -> None:
    command = ["cc", "-std=c11", "-M", *folders(header), str(INCLUDE / header)]
    result = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "Python.h" not in result.stdout
