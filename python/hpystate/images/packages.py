"""packages.py: the table of packages: packages.json, and files of the user's own like it.

A file is an object of entries. The key of an entry is the import name of a package or module; for
a module the entry of the longest name counts. All members of an entry are optional:

  also         other import names that are isolated with it: extensions that it imports
  copy         patterns of file names of libraries that it brings with it and that each interpreter
               gets a copy of
  environment  variables that it should have, with their values
  refuse       version of CPython ("3.12", or "*") -> why no image of it is made there
  notes        sentences for people
  tested       what ran and was right: objects with the package's version, Python's, and how
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Entry = Mapping[str, Any]
    Table = Mapping[str, Entry]
else:  # read by annotations alone
    Entry = Table = dict

SHIPPED = "packages.json"


def _is_list_of(kind: type, value: object) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) and each for each in value)


def _is_texts_by_text(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(each, str) for each in value.values())


#: Member of an entry -> (whether a value is right, what was expected).
MEMBERS = {
    "also": (lambda value: _is_list_of(str, value), 'a list of names, as ["numpy"]'),
    "copy": (lambda value: _is_list_of(str, value), 'a list of patterns, as ["libhdf5*"]'),
    "environment": (_is_texts_by_text, 'variables and texts, as {"OPENBLAS_NUM_THREADS": "1"}'),
    "refuse": (_is_texts_by_text, 'versions and reasons, as {"3.12": "it crashes"}'),
    "notes": (lambda value: _is_list_of(str, value), "a list of texts"),
    "tested": (lambda value: _is_list_of(dict, value), "a list of objects"),
}


def shipped() -> Table:
    """The table of this package."""
    return read(os.path.join(os.path.dirname(os.path.abspath(__file__)), SHIPPED), "hpystate")


def read(path: str, source: str) -> Table:
    """The table in a file. `source` names who gave the path. ValueError: the file cannot be read,
    or is not such a table; the message names the file, the entry and what was expected."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            table = json.load(file)
    except OSError as error:
        raise ValueError(
            f"{source}: {path} cannot be read: {error.strerror}; a JSON file was expected. Check "
            "the path."
        ) from error
    except ValueError as error:  # of JSON or of UTF-8
        raise ValueError(
            f"{source}: {path} is not JSON: {error}. An object of entries was expected, as "
            '{"h5py": {"copy": ["libhdf5*"]}}.'
        ) from error
    if not isinstance(table, dict):
        raise ValueError(
            f"{source}: {path} holds a {type(table).__name__}; an object of entries was expected, "
            'as {"h5py": {"copy": ["libhdf5*"]}}.'
        )
    for name, entry in table.items():
        _check(f"{source}: {path}: entry {name!r}", name, entry)
    return table


def _check(where: str, name: str, entry: object) -> None:
    if not all(name.split(".")):
        raise ValueError(f"{where}: the key is an import name, as 'h5py' or 'lxml.etree'.")
    if not isinstance(entry, dict):
        raise ValueError(f"{where} is {entry!r}; an object was expected.")
    for member, value in entry.items():
        if member not in MEMBERS:
            expected = ", ".join(MEMBERS)
            raise ValueError(f"{where}: {member!r} is not known; one of {expected} was expected.")
        is_right, expected = MEMBERS[member]
        if not is_right(value):
            raise ValueError(f"{where}: {member!r} is {value!r}; {expected}, was expected.")


def merged(table: Table, over: Table) -> Table:
    """Each member of an entry in `over` takes the place of that in `table`."""
    return {**table, **{name: {**table.get(name, {}), **entry} for name, entry in over.items()}}


def entry_of(table: Table, module: str) -> Entry:
    """The entry of a module: that of its own name, or of the nearest package that has one."""
    name = module
    while name:
        if name in table:
            return table[name]
        name = name.rpartition(".")[0]
    return {}


def why_refused(entry: Entry) -> str | None:
    """Why this Python makes no image of it; None: nothing is known against it."""
    reasons = entry.get("refuse", {})
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found: str | None = reasons.get(version, reasons.get("*"))
    return found
