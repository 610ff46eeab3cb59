"""suite.py: HPy's own suite, unmodified, out of the hpy==0.9.0 source distribution, ready to run.

Left out: test/hpy_devel, which tests a build plugin. The ABI cpython is that of our headers: with
upstream's an extension uses no runtime.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sysconfig
from pathlib import Path

from hpystate.build import (
    Abi,
    Headers,
    cache_dir,
    content_of_headers,
    helper_sources,
    include_flags,
    include_folder,
    upstream_sdist,
)

#: The ABIs of the suite that run on a runtime; "other" are tests without one.
ABIS = (
    "universal",
    "debug",
    "trace",
    "hybrid",
    "hybrid+debug",
    "hybrid+trace",
    "cpython",
    "other",
)
#: Compiled with our headers in every run.
OWN_HEADERS = ("cpython",)
#: How many tests each has in 0.9.0; a full run in which some have no outcome is a failure.
TESTS = {
    "universal": 292,
    "debug": 322,
    "trace": 3,
    "hybrid": 75,
    "hybrid+debug": 74,
    "cpython": 362,
    "other": 2,
}


def _build_library(folder: Path, abi: Abi, headers: Headers) -> None:
    """The library of helper functions that hpy.devel links the tests' extensions with."""
    library = folder / "hpy" / "devel" / "lib" / abi / "libhpyextra.a"
    library.parent.mkdir(parents=True)
    scratch = folder / "build" / abi  # hpy.devel takes every file beside the library for one
    scratch.mkdir(parents=True)
    objects = []
    for source in helper_sources(headers):
        objects.append(str(scratch / f"{source.stem}.o"))
        command = ["cc", "-O1", "-g", "-fPIC", *include_flags(abi, headers), "-c", str(source)]
        subprocess.run([*command, "-o", objects[-1]], check=True)
    subprocess.run(["ar", "rcs", str(library), *objects], check=True)


def _remove_all_but_newest(pattern: str, count: int) -> None:
    """Copies made for states of our headers that are gone; a few stay for other working trees."""
    made = sorted(cache_dir().glob(pattern), key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in made[count:]:
        shutil.rmtree(folder, ignore_errors=True)  # another process may be removing it too


def prepare(headers: Headers = "upstream") -> Path:
    """A copy of the source distribution whose hpy.devel can compile; made once for a Python, and
    for each state of our headers."""
    version = sysconfig.get_config_var("py_version_nodot")
    name = f"upstream-suite-{version}"
    if headers == "hpystate":
        name += f"-{content_of_headers()[:16]}"
    folder = cache_dir() / name
    if (folder / "ready").is_file():
        return folder
    made = folder.with_name(f"{folder.name}.{os.getpid()}")
    shutil.copytree(upstream_sdist(), made)
    if headers == "hpystate":  # what hpy.devel compiles with; the suite itself stays as it is
        shutil.rmtree(made / "hpy" / "devel" / "src")
        shutil.rmtree(made / "hpy" / "devel" / "include")
        shutil.copytree(include_folder(headers), made / "hpy" / "devel" / "include")
    abis: tuple[Abi, ...] = ("universal", "hybrid")
    for abi in (*abis, "cpython") if headers == "hpystate" else abis:
        _build_library(made, abi, headers)
    (made / "ready").touch()
    try:
        os.rename(made, folder)
    except OSError:
        shutil.rmtree(made)
        if not (folder / "ready").is_file():  # else another process was first
            raise
    _remove_all_but_newest(f"upstream-suite-{version}-" + "[0-9a-f]" * 16, 3)
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
