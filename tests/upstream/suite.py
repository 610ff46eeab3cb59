"""suite.py: HPy's own suites, unmodified, out of the source distributions, ready to run.

left_out.toml names what is left out of them, and why.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from dataclasses import dataclass
from functools import cache
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

HERE = Path(__file__).resolve().parent
#: The ABIs of the suites that run on a runtime; "other" are tests without one.
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
#: Compiled with our headers in every run: with upstream's such an extension uses no runtime.
OWN_HEADERS = ("cpython",)
#: Files beside the tests of a suite.
HELPERS = {"__init__.py", "conftest.py", "support.py"}


@dataclass(frozen=True)
class Suite:
    """The suite of one release of HPy."""

    release: str
    #: How many tests each ABI has; a full run in which some have no outcome is a failure.
    tests: dict[str, int]
    #: What its extensions can be compiled with.
    headers: tuple[Headers, ...] = ("upstream",)
    #: Plugins of pytest beside expectations.py.
    plugins: tuple[str, ...] = ()


SUITES = {
    suite.release: suite
    for suite in (
        Suite(
            "0.9.0",
            {
                "universal": 292,
                "debug": 322,
                "trace": 3,
                "hybrid": 75,
                "hybrid+debug": 74,
                "cpython": 362,
                "other": 2,
            },
            headers=("upstream", "hpystate"),
        ),
        Suite("0.0.4", {"universal": 279, "debug": 301, "other": 1}, plugins=("old",)),
    )
}


# ---- what is left out --------------------------------------------------------------------------


@dataclass(frozen=True)
class LeftOut:
    """An entry of left_out.toml that counts for a release and this Python."""

    kind: str  # path, test, abi
    name: str
    reason: str
    abi: str | None = None  # of a test: for this ABI alone; None: for all


@cache
def left_out(release: str) -> tuple[LeftOut, ...]:
    """What is left out of a release's suite on this Python. ValueError: an entry is wrong."""
    found = []
    without_gil = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
    for entry in tomllib.loads((HERE / "left_out.toml").read_text())["left_out"]:
        kinds = [kind for kind in ("path", "test", "abi") if kind in entry]
        unknown = entry.keys() - kinds - {"releases", "reason", "without_gil"}
        unknown |= set(entry["releases"]) - SUITES.keys()
        unknown |= {entry["abi"]} - set(ABIS) if "abi" in entry else set()
        if kinds not in (["path"], ["test"], ["abi"], ["test", "abi"]) or (
            unknown or not entry["reason"]
        ):
            raise ValueError(
                f"left_out.toml: {entry}: one of path, test and abi was expected, or a test and an "
                f"abi; a reason; releases among {sorted(SUITES)}, ABIs among {sorted(ABIS)}; "
                f"unknown: {sorted(unknown)}"
            )
        kind = kinds[0]
        if release in entry["releases"] and (without_gil or not entry.get("without_gil", False)):
            abi = entry.get("abi") if kind == "test" else None
            found.append(LeftOut(kind, entry[kind], entry["reason"], abi))
    return tuple(found)


def abis_of(release: str) -> list[str]:
    """The ABIs of ABIS that a release's suite is run with."""
    gone = [entry.name for entry in left_out(release) if entry.kind == "abi"]
    return [abi for abi in ABIS if abi not in gone]


def holds_tests(path: Path) -> bool:
    """Whether a file of a source distribution is one with tests. `path` is relative to it."""
    if path.parts[0] == "test" and path.suffix == ".py":
        return path.name not in HELPERS
    return path.name.startswith("test") or path.suffix == ".test"


def test_files(folder: Path, release: str) -> list[str]:
    """The suite's test files, relative to its folder. ValueError: a file with tests is neither in
    its folder `test` nor left out, or what is left out is not there."""
    names = [Path(entry.name) for entry in left_out(release) if entry.kind == "path"]
    gone = [str(name) for name in names if not (folder / name).exists()]
    every = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    tests = [path for path in every if holds_tests(path)]
    run = [path for path in tests if not any(path.is_relative_to(name) for name in names)]
    lost = [str(path) for path in run if path.parts[0] != "test"]
    if gone or lost:
        raise ValueError(
            f"left_out.toml, {release}: not in the distribution: {gone}; with tests that are "
            f"neither run nor left out: {lost}"
        )
    return [str(path) for path in run]


# ---- a copy that can run -----------------------------------------------------------------------


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
    """A copy of the source distribution of 0.9.0 whose hpy.devel can compile; made once for a
    Python, and for each state of our headers."""
    # With the letter of a build without the GIL, whose library of helpers has other code.
    version = sysconfig.get_config_var("py_version_nodot") + sys.abiflags
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


def folder_of(release: str, headers: Headers = "upstream") -> Path:
    """The folder to run a release's suite in. That of 0.0.4 is used as it is: old.py compiles."""
    return prepare(headers) if release == "0.9.0" else upstream_sdist(release)


def parts(files: list[str], folder: Path, count: int) -> list[list[str]]:
    """The files in `count` parts of about the same length of text."""
    piles: list[list[str]] = [[] for _ in range(count)]
    sizes = [0] * count
    by_size = sorted(files, key=lambda f: -(folder / f).stat().st_size)
    for file in by_size:
        least = sizes.index(min(sizes))
        piles[least].append(file)
        sizes[least] += (folder / file).stat().st_size
    return [pile for pile in piles if pile]
