"""suite.py: HPy's own suite, unmodified, out of the hpy==0.9.0 source distribution, ready to run.

Left out: test/hpy_devel, which tests a build plugin, and the ABI cpython, which touches no runtime.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from hpystate.build import UPSTREAM_HELPERS, cache_dir, upstream_sdist

#: The ABIs of the suite that run on a runtime; "other" are tests without one.
ABIS = ("universal", "debug", "trace", "hybrid", "hybrid+debug", "hybrid+trace", "other")
#: How many tests each has in 0.9.0; a full run in which some came to nothing is a failure.
TESTS = {
    "universal": 292,
    "debug": 322,
    "trace": 3,
    "hybrid": 75,
    "hybrid+debug": 74,
    "other": 2,
}


def _flags(folder: Path, abi: str) -> list[str]:
    include = folder / "hpy" / "devel" / "include"
    if abi == "hybrid":
        python = sysconfig.get_paths()["include"]
        return ["-DHPY", "-DHPY_ABI_HYBRID", f"-I{include}", f"-I{python}"]
    forbid = include / "hpy" / "forbid_python_h"
    return ["-DHPY", "-DHPY_ABI_UNIVERSAL", f"-I{forbid}", f"-I{include}"]


def _build_library(folder: Path, abi: str) -> None:
    """The library of helper functions that hpy.devel links the tests' extensions with."""
    library = folder / "hpy" / "devel" / "lib" / abi / "libhpyextra.a"
    library.parent.mkdir(parents=True)
    scratch = folder / "build" / abi  # hpy.devel takes every file beside the library for one
    scratch.mkdir(parents=True)
    objects = []
    for helper in UPSTREAM_HELPERS:
        source = folder / "hpy" / "devel" / "src" / "runtime" / f"{helper}.c"
        objects.append(str(scratch / f"{helper}.o"))
        command = ["cc", "-O1", "-g", "-fPIC", *_flags(folder, abi), "-c", str(source)]
        subprocess.run([*command, "-o", objects[-1]], check=True)
    subprocess.run(["ar", "rcs", str(library), *objects], check=True)


def prepare() -> Path:
    """A copy of the source distribution whose hpy.devel can compile; made once for a Python."""
    version = sysconfig.get_config_var("py_version_nodot")
    folder = cache_dir() / f"upstream-suite-{version}"
    if (folder / "ready").is_file():
        return folder
    made = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(upstream_sdist(), made)
    for abi in ("universal", "hybrid"):
        _build_library(made, abi)
    (made / "ready").touch()
    try:
        os.rename(made, folder)
    except OSError:
        shutil.rmtree(made)
        if not (folder / "ready").is_file():  # else another process was first
            raise
    return folder


def test_files(folder: Path) -> list[str]:
    """The suite's test files, relative to its folder."""
    found = sorted((folder / "test").rglob("test_*.py"))
    return [str(path.relative_to(folder)) for path in found if "hpy_devel" not in path.parts]


def parts(folder: Path, count: int) -> list[list[str]]:
    """The files in `count` parts of about the same length of text."""
    piles: list[list[str]] = [[] for _ in range(count)]
    sizes = [0] * count
    by_size = sorted(test_files(folder), key=lambda f: -(folder / f).stat().st_size)
    for file in by_size:
        least = sizes.index(min(sizes))
        piles[least].append(file)
        sizes[least] += (folder / file).stat().st_size
    return [pile for pile in piles if pile]
