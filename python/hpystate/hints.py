"""hints.py: explains why a file of HPy's with a module's name was not loaded, and what to do.

Imported only where an import has failed beside such a file.
"""

from __future__ import annotations

import os
import sys

from hpystate.finder import HYBRID_SUFFIX, OLD_SUFFIX, SUFFIX, SUFFIXES

_REBUILD = "python setup.py --hpy-abi=universal build_ext --inplace"


def why_not(name: str, file: str) -> str:
    """The text of the ModuleNotFoundError for the module `name`; `file` is the path of the file."""
    return f"No module named {name!r}. {file} is there, but {_reason(name, file)}"


def _reason(name: str, file: str) -> str:
    tail = name.rpartition(".")[2]
    suffix = os.path.basename(file).removeprefix(tail)
    if suffix in SUFFIXES:
        return _no_file(file)
    abi, _, python = suffix.removeprefix(".hpy").removesuffix(".so").partition("-")
    if abi != "0":
        return (
            f"the tag in its name is version {abi} of HPy's ABI, and this runtime has version 0 "
            f"({tail}{SUFFIX}) and that of HPy 0.0.4 ({tail}{OLD_SUFFIX}). "
            f"Build it again with HPy 0.9: {_REBUILD}"
        )
    return (
        f"it is a hybrid extension for {_python(python)}, and this is "
        f"{_python(HYBRID_SUFFIX.removeprefix('.hpy0-').removesuffix('.so'))}, which loads "
        f"{tail}{HYBRID_SUFFIX} and {tail}{SUFFIX}. Import it there, or build it again with "
        f"{sys.executable or 'this Python'}."
    )


def _python(tag: str) -> str:
    """cp313t -> CPython 3.13t; a tag of another kind as it is."""
    version = tag.removeprefix("cp")
    if version != tag and version[:1].isdigit():
        return f"CPython {version[0]}.{version[1:]}"
    return f"the Python of the tag {tag!r}"


def _no_file(file: str) -> str:
    """Why CPython's finder does not accept it as a file."""
    if os.path.isdir(file):
        return "it is a folder; a file was expected. Rename the folder."
    if os.path.islink(file):
        return (
            f"it is a symbolic link to {os.readlink(file)}, which cannot be opened. Repair the "
            "link."
        )
    return "it cannot be opened as a file. Check its type and rights with: ls -l"
