"""checks.py: what calls between the two extensions give, as data that any runtime can be asked for.

Run as a program it loads both under HPy's own runtime: checks.py LENDER BORROWER MODE MODE.
"""

from __future__ import annotations

import gc
import json
import sys
from typing import Any

Result = list[tuple[str, str]]


def told(function: Any, *args: Any) -> str:
    try:
        return repr(function(*args))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


class Value:
    """Compared by identity."""

    def __repr__(self) -> str:
        return "value"


def raising() -> None:
    raise LookupError("called")


def everything(lender: Any, borrower: Any) -> Result:
    """Every published function, by the borrower; what Python sees of both afterwards."""
    value = Value()
    results = [("nothing kept", told(borrower.pair, 1, 2))]
    borrower.keep(value)
    pair = borrower.pair("left", value)
    results += [
        ("pair", repr(pair)),
        ("the same objects", repr(pair[1] is value and pair[2] is value)),
        ("the lender has it", repr(lender.kept_here() is value)),
        ("call", told(borrower.call, list)),
        ("call raises", told(borrower.call, raising)),
        ("wrap", repr(borrower.wrap(value).get() is value)),
        ("type of it", repr(type(borrower.wrap(value)).__name__)),
        ("unwrap", repr(borrower.unwrap(borrower.wrap(value)) is value)),
        ("unwrap another", told(borrower.unwrap, 1)),
        ("twice", told(borrower.twice, 21)),
        ("own version", told(borrower.context_for, 0, 0)),
    ]
    borrower.keep(None)
    return results


def references(borrower: Any) -> int:
    """By how many the count of references to an object grows in 200 calls of each function."""
    value = Value()

    def rounds() -> None:
        for _ in range(200):
            borrower.keep(value)
            borrower.pair(value, value)
            borrower.unwrap(borrower.wrap(value))
            borrower.call(lambda: value)
            borrower.keep(None)

    rounds()
    gc.collect()
    before = sys.getrefcount(value)
    rounds()
    gc.collect()
    return sys.getrefcount(value) - before


if __name__ == "__main__":
    from importlib.machinery import ModuleSpec

    from hpy.universal import load  # pyright: ignore[reportMissingImports]

    modules = {}
    for name, path, mode in zip(("lender", "borrower"), sys.argv[1:3], sys.argv[3:], strict=True):
        modules[name] = load(name, path, ModuleSpec(name, None, origin=path), mode=int(mode))
        sys.modules[name] = modules[name]
    pair = modules["lender"], modules["borrower"]
    print(
        json.dumps(
            {
                "results": everything(*pair),
                "references": references(pair[1]),
                "table": pair[1].context_by_table(),
                "other version": told(pair[1].context_for, 1, 2),
            }
        )
    )
