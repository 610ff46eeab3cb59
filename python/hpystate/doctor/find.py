"""find.py: from what the user typed to the extension modules that are meant. Imports none of them.

A name is a file, a module, a package, or a distribution (`pyyaml`, whose package is `yaml`).
"""

from __future__ import annotations

import os
import shlex
import sys
from importlib.machinery import EXTENSION_SUFFIXES, ModuleSpec, PathFinder
from importlib.metadata import Distribution, PackageNotFoundError, distribution, distributions
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from hpystate.finder import SUFFIXES as HPY_SUFFIXES

#: Names of folders into which packages are installed.
_INSTALLED = ("site-packages", "dist-packages")


class NothingFound(Exception):
    """There is nothing to examine; the text names what was looked for, and where."""


class Target(NamedTuple):
    name: str  #: dotted, as it is imported
    file: str  #: a real path
    root: str  #: the folder from which the name is imported
    is_hpy: bool


def targets_of(name: str) -> list[Target]:
    """The extension modules of what the user named, by their names. Raises NothingFound."""
    if os.sep in name or Path(name).is_file() or name in (os.curdir, os.pardir):
        return [_of_file(Path(name))]
    found = _of_name(name)
    dist = _distribution(name)
    if found is None and dist is None:
        raise NothingFound(
            f"{name}: neither a file, nor a module or package on sys.path of {sys.executable}, nor "
            f"an installed distribution. Install it there: {sys.executable} -m pip install {name}"
        )
    files = {*(found or ()), *_of_distribution(dist)}
    targets = sorted(_target(file, by_name=True) for file in files)
    if not targets and name in sys.builtin_module_names:
        raise NothingFound(
            f"{name}: a part of Python itself, not an extension module. Name one that has a file."
        )
    if not targets:
        raise NothingFound(
            f"{name}: no extension modules: its own files are Python, which every interpreter can "
            "import. Name a package that has a compiled module, such as one that it imports, or "
            "the file."
        )
    return targets


def typed(target: Target) -> str:
    """What the user can type for this target: its name where an import finds this file, else the
    path, quoted for a shell."""
    files = {os.path.realpath(file) for file in _of_name(target.name) or ()}
    return target.name if target.file in files else shlex.quote(target.file)


def suffix_of(file: str) -> str:
    """The suffix by which an import finds it; the longest one counts. "" if there is none."""
    suffixes = (*HPY_SUFFIXES, *EXTENSION_SUFFIXES)
    return max((each for each in suffixes if file.endswith(each)), key=len, default="")


def _of_file(file: Path) -> Target:
    if not file.exists():
        raise NothingFound(f"{file}: there is nothing at this path. Check it, or name a package.")
    if not file.is_file():
        raise NothingFound(f"{file}: not a file. Name a file, or a package by its name.")
    return _target(str(file), by_name=False)


def _target(path: str, *, by_name: bool) -> Target:
    """The dotted name is that of the packages around the file.

    A folder without __init__.py is a package too where an import finds it (by_name) or where
    packages are installed. Any other is where the user built the file, such as `build`.
    """
    file = Path(os.path.realpath(path))
    parts = [file.name.partition(".")[0]]
    folder = file.parent
    while (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    roots = [os.path.realpath(each) for each in sys.path if each]
    if not by_name:
        roots = [root for root in roots if os.path.basename(root) in _INSTALLED]
    if str(folder) not in roots:
        root = max((each for each in roots if folder.is_relative_to(each)), key=len, default="")
        inner = folder.relative_to(root).parts if root else ()
        if inner and all(part.isidentifier() for part in inner):
            parts, folder = [*inner, *parts], Path(root)
    if parts[-1] == "__init__" and len(parts) > 1:
        parts.pop()
    is_hpy = suffix_of(file.name) in HPY_SUFFIXES
    return Target(".".join(parts), str(file), str(folder), is_hpy)


def _of_name(name: str) -> set[str] | None:
    """The files of a module or package; None if there is none of that name."""
    try:
        spec = find_spec(name) if name.isidentifier() else _inner_spec(name)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        return None
    files = {spec.origin} if spec.origin and suffix_of(spec.origin) else set()
    for folder in spec.submodule_search_locations or ():
        files |= {str(file) for file in Path(folder).rglob("*.so") if _is_module(file)}
    return files


def _inner_spec(name: str) -> ModuleSpec | None:
    """A dotted name, without an import of its packages as find_spec would do."""
    first, *rest = name.split(".")
    if not all(part.isidentifier() for part in (first, *rest)):
        return None
    spec = find_spec(first)
    path = first
    for part in rest:
        if spec is None or spec.submodule_search_locations is None:
            return None
        path += f".{part}"
        spec = PathFinder.find_spec(path, spec.submodule_search_locations)
    return spec


def _is_module(file: Path) -> bool:
    """Whether a file of a package can be imported: it exports a function for it. One that cannot
    be read is left to the examination, which tells why."""
    if not suffix_of(file.name) or not file.is_file():
        return False
    stem = file.name.partition(".")[0].encode()
    content = file.read_bytes()
    makers = (b"PyInit_", b"PyModExport_", b"HPyInit_", b"PyInitU_")
    return not content.startswith(b"\x7fELF") or any(maker + stem in content for maker in makers)


def _distribution(name: str) -> Distribution | None:
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        return None


def _of_distribution(dist: Distribution | None) -> set[str]:
    if dist is None:
        return set()
    files = (Path(str(dist.locate_file(each))) for each in dist.files or ())
    return {str(file) for file in files if _is_module(file)}


def abi3_minimum(target: Target) -> tuple[int, int] | None:
    """The oldest Python that a wheel with this file is for, if its tag is that of the stable ABI;
    (3, 2) if the file's name has the tag and no wheel tells more."""
    if not target.file.endswith(".abi3.so"):
        return None
    inside = os.path.relpath(target.file, target.root)
    for dist in distributions(path=[target.root]):
        if all(str(each) != inside for each in dist.files or ()):
            continue
        for line in (dist.read_text("WHEEL") or "").splitlines():
            tag = line.removeprefix("Tag: ").split("-")
            if line.startswith("Tag: ") and len(tag) > 1 and tag[1] == "abi3":
                version = tag[0].removeprefix("cp")
                return int(version[0]), int(version[1:] or 0)
    return (3, 2)
