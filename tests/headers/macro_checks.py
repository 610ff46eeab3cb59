"""macro_checks.py: what the definitions of every_macro.c do, as data. Imports nothing of ours: it
also runs in a child under upstream's runtime, and the two answers must be equal."""

from __future__ import annotations

import gc
import json
import struct
import sys
from collections.abc import Callable
from typing import Any


def outcome(function: Callable[..., Any], *args: Any, **named: Any) -> str:
    try:
        return repr(function(*args, **named))
    except Exception as error:
        return type(error).__name__


def functions(c: Any) -> list[str]:
    return [
        outcome(c.noargs),
        outcome(c.noargs, 1),
        outcome(c.one, "x"),
        outcome(c.one),
        outcome(c.many),
        outcome(c.many, 1, 2, 3),
        outcome(c.named, 4),
        outcome(c.named, 4, b=2),
        outcome(c.named, b=2, a=1),
        outcome(c.named),
        repr([c.noargs.__doc__, c.one.__doc__, c.many.__doc__, c.many.__name__, c.__doc__]),
    ]


def slots(c: Any) -> list[str]:
    thing = c.Thing(2.5, "held", "more")
    results = [
        outcome(c.Thing, "no number"),
        repr(thing),
        repr(hash(thing)),
        repr([thing < 3.0, thing <= 2.5, thing == 2.5, thing != 2.5, thing > 3.0, thing >= 3.0]),
        outcome(lambda: thing < "text"),
        repr(-thing),
        repr([thing + thing, thing + 1, 1 + thing]),
        repr(pow(thing, 2, 77)),
        repr([bool(thing), bool(c.Thing())]),
        repr(len(thing)),
        repr(thing[21]),
        repr([None in thing, 1 in thing]),
        outcome(thing, 1, 2),
        outcome(thing, 1, a=1, b=2),
    ]
    thing[3] = "x"
    results.append(repr(thing.count))
    del thing[4]
    results.append(repr(thing.count))
    view = memoryview(thing)
    results.append(repr([struct.unpack("d", bytes(view)), view.readonly]))
    view.release()
    results.append(repr(thing.count))
    other = c.Thing()
    other.change()
    results.append(outcome(other, 1, 2))
    results.append(outcome(other, 1, a=2))
    results.append(outcome(thing, 1, 2))
    return results


def attributes(c: Any) -> list[str]:
    thing = c.Thing(2.5, "held")
    results = [repr([thing.value, thing.count, thing.held, c.Thing().held, thing.bonus])]
    thing.value = 4.0
    results.append(repr([thing.value, thing.twice]))
    thing.twice = 3.0
    results.append(repr([thing.value, outcome(setattr, thing, "twice", "text")]))
    results.append(outcome(setattr, thing, "count", 1))
    results.append(outcome(setattr, thing, "bonus", 1))
    results.append(outcome(getattr, thing, "only_set"))
    thing.only_set = 30
    results.append(repr(thing.count))
    del thing.only_set
    results.append(repr(thing.count))
    results.append(repr([c.Thing.count.__doc__, c.Thing.bonus.__doc__, c.Thing.twice.__doc__]))
    results.append(repr([c.Thing.held.__doc__, c.Thing.counts.__doc__, c.Thing.value.__doc__]))
    results.append(repr(c.Thing(1, key=1).count))
    return results


def lifetime(c: Any) -> list[str]:
    gc.collect()
    destroyed, finalized = c.Thing().counts()
    for _ in range(3):
        cell: list[Any] = []
        cell.append(c.Thing(1, cell))  # a cycle that only HPy_tp_traverse makes visible
    del cell
    gc.collect()
    after = c.Thing().counts()
    capsules = c.ended()
    c.capsule()
    return [
        repr([after[0] - destroyed, after[1] - finalized]),
        repr(c.ended() - capsules),
    ]


def shapes(c: Any) -> list[str]:
    wide = c.Wide((1, 2, 3))
    return [repr([list(wide), wide.extra(), wide.extra(), isinstance(wide, list)])]


def everything(c: Any) -> dict[str, list[str]]:
    groups = (functions, slots, attributes, lifetime, shapes)
    return {group.__name__: group(c) for group in groups}


if __name__ == "__main__":
    from importlib.machinery import ModuleSpec

    from hpy.universal import MODE_UNIVERSAL, load  # pyright: ignore[reportMissingImports]

    spec = ModuleSpec("every_macro", None, origin=sys.argv[1])
    module = load("every_macro", sys.argv[1], spec, False, MODE_UNIVERSAL)
    print(json.dumps(everything(module)))
