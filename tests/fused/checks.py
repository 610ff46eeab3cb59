"""checks.py: what each fused call gives, as data. Imports nothing of ours: it also runs in a child
under a runtime that does not know fused calls, and the two answers must be equal."""

from __future__ import annotations

import contextvars
import json
import sys
from collections.abc import Callable
from typing import Any

Result = tuple[str, str]


def outcome(function: Callable[..., Any], *args: Any) -> str:
    try:
        return repr(function(*args))
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def kind(function: Callable[..., Any], *args: Any) -> str:
    """Of an exception the type only: the text names the slot where the runtime can."""
    try:
        return repr(function(*args))
    except Exception as error:
        return type(error).__name__


def told(*args: object, **named: object) -> tuple[object, ...]:
    return args, named


def raising(*_: object) -> None:
    raise LookupError("called")


def unset(c: Any) -> list[Result]:
    """Every call on a global that was never stored, and on one that holds nothing."""
    results = []
    for slot in (-1, 7):
        if slot == 7:
            c.put(7, None)
            c.put(7, ...)  # holds nothing again
        for name, rest in {
            "type_check": (1,),
            "is": (1,),
            "new": (),
            "generic_new": (),
            "call": (),
            "tuple_dict": ((), {}),
            "method": (1,),
            "is_subtype": (int,),
            "as_struct": (),
            "set_string": (),
            "set_object": (1,),
            "set_format": (),
            "get_item": (1,),
            "set_item": (1, 2),
            "contains": (1,),
            "get_attr": (1,),
            "variable": (1,),
            "borrow": (),
        }.items():
            results.append((f"{name} of {slot}", kind(getattr(c, name), slot, *rest)))
    return results


def types(c: Any) -> list[Result]:
    thing = c.make_type()
    derived = type("Derived", (thing,), {})
    c.put(0, thing)
    instance = c.new(0)
    results = [("new", f"{type(instance) is thing} {instance.value}")]
    results.append(("generic_new", f"{type(c.generic_new(0)) is thing}"))
    for each in (instance, derived(), 1, thing):
        name = type(each).__name__
        results.append((f"type_check of {name}", outcome(c.type_check, 0, each)))
    for each in (thing, derived, int):
        results.append((f"is_subtype of {each.__name__}", outcome(c.is_subtype, 0, each)))
        results.append((f"is {each.__name__}", outcome(c.__dict__["is"], 0, each)))
        results.append((f"{each.__name__} is HPy_NULL", outcome(c.__dict__["is"], 0, ...)))
    c.put(1, instance)
    results.append(("as_struct", outcome(c.as_struct, 1)))
    results.append(("borrow", f"{c.borrow(1) is instance}"))
    c.put(1, derived)
    results.append(("new of Derived", f"{type(c.new(1)) is derived}"))
    return results


def calls(c: Any) -> list[Result]:
    c.put(0, told)
    c.put(1, raising)
    c.put(2, "upper")
    c.put(3, type)
    c.put(4, 1)
    return [
        ("no arguments", outcome(c.call, 0)),
        ("arguments", outcome(c.call, 0, 1, "two")),
        ("names", outcome(c.call_named, 0, 1, 2, 3, ("x", "y"))),
        ("raises", outcome(c.call, 1)),
        ("a type", outcome(c.call, 3, 1)),
        ("no callable", outcome(c.call, 4)),
        ("tuple and dict", outcome(c.tuple_dict, 0, (1, 2), {"x": 3})),
        ("tuple", outcome(c.tuple_dict, 0, (1, 2), ...)),
        ("nothing", outcome(c.tuple_dict, 0, ..., ...)),
        ("method", outcome(c.method, 2, "text")),
        ("no method", outcome(c.method, 2, 5)),
        ("method by name", outcome(c.method_s, "split", "a b", " ")),
        ("no method by name", outcome(c.method_s, "split", 5)),
        ("attribute", outcome(c.get_attr, 2, str)),
    ]


def objects(c: Any) -> list[Result]:
    variable = contextvars.ContextVar("variable")
    c.put(0, {"key": "value"})
    c.put(1, variable)
    c.put(2, LookupError)
    c.put(3, (KeyError, OSError))
    results = [
        ("get_item", outcome(c.get_item, 0, "key")),
        ("get_item, missing", outcome(c.get_item, 0, "other")),
        ("set_item", outcome(c.set_item, 0, "other", 2)),
        ("set_item, unhashable", outcome(c.set_item, 0, [], 2)),
        ("get_item, set", outcome(c.get_item, 0, "other")),
        ("contains", outcome(c.contains, 0, "other")),
        ("contains not", outcome(c.contains, 0, "third")),
        ("contains, unhashable", outcome(c.contains, 0, [])),
        ("variable, no value", outcome(c.variable, 1, ...)),
        ("variable, default", outcome(c.variable, 1, 5)),
    ]
    variable.set(6)
    results.append(("variable", outcome(c.variable, 1, 5)))
    results.append(("set_string", outcome(c.set_string, 2)))
    results.append(("set_object", outcome(c.set_object, 2, 8)))
    results.append(("set_format", outcome(c.set_format, 2)))
    for raised in (KeyError, ValueError):
        results.append((f"matches {raised.__name__}", outcome(c.matches, 2, raised)))
        results.append((f"matches one, {raised.__name__}", outcome(c.matches, 3, raised)))
    return results


def first_values(c: Any) -> list[Result]:
    values: list[object] = []

    def make() -> object:
        values.append(object())
        return values[-1]

    c.put(5, None)
    c.put(5, ...)  # holds nothing
    before = c.count_made()
    first, second = c.load_or_init(5, make), c.load_or_init(5, make)
    results = [
        ("made once", f"{len(values)} {first is second is values[0]} {c.count_made() - before}")
    ]
    c.put(5, ...)
    results.append(("raises", outcome(c.load_or_init, 5, raising)))
    results.append(("made after an error", f"{c.load_or_init(5, make) is values[-1]}"))
    c.put(5, ...)
    results.append(("import", outcome(c.__dict__["import"], 5, "operator", "add")))
    results.append(("import again", outcome(c.__dict__["import"], 5, "no_such_module", "add")))
    c.put(5, ...)
    results.append(("a module", outcome(c.__dict__["import"], 5, "operator", ...)[:18]))
    c.put(5, ...)
    results.append(("no module", outcome(c.__dict__["import"], 5, "no_such_module", ...)))
    results.append(("no attribute", outcome(c.__dict__["import"], 5, "operator", "no_such")))
    return results


def references(c: Any) -> list[Result]:
    """How many references a call leaves to the object that its global holds."""
    thing = c.make_type()
    c.put(0, thing)
    c.put(1, thing())
    c.put(2, LookupError)
    results = []
    for name, slot, rest in (
        ("type_check", 0, (1,)),
        ("is", 0, (1,)),
        ("is_subtype", 0, (int,)),
        ("new", 0, ()),
        ("call", 0, ()),
        ("generic_new", 0, ()),
        ("as_struct", 1, ()),
        ("get_item", 1, (1,)),
        ("contains", 1, (1,)),
        ("matches", 2, (KeyError,)),
        ("set_string", 2, ()),
    ):
        held = {0: thing, 1: c.borrow(1), 2: LookupError}[slot]
        function = getattr(c, name)
        outcome(function, slot, *rest)
        before = sys.getrefcount(held)
        for _ in range(10):
            outcome(function, slot, *rest)
        results.append((name, str(sys.getrefcount(held) - before)))
    return results


def replacing(c: Any) -> list[Result]:
    """A call whose own code takes the object out of the global."""
    results = []

    class Callable:
        def __call__(self) -> str:
            c.put(0, 1)
            return type(self).__name__

        def __getitem__(self, key: object) -> str:
            c.put(0, key)
            return type(self).__name__

        __contains__ = __getitem__

    for name, rest in (("call", ()), ("get_item", (2,)), ("contains", (3,))):
        c.put(0, Callable())
        results.append((name, outcome(getattr(c, name), 0, *rest)))
        results.append((f"{name}, after", outcome(c.borrow, 0)))
    return results


def everything(c: Any) -> dict[str, list[Result]]:
    groups = (unset, types, calls, objects, first_values, replacing)
    return {group.__name__: group(c) for group in groups}


if __name__ == "__main__":
    from importlib.machinery import ModuleSpec

    from hpy.universal import load  # pyright: ignore[reportMissingImports]

    spec = ModuleSpec("fused_calls", None, origin=sys.argv[1])
    module = load("fused_calls", sys.argv[1], spec, mode=int(sys.argv[2]))
    # Twice: a runtime's globals are looked at with the first call.
    results = [everything(module) for _ in range(2)]
    found = {"linked": module.linked(), "results": results, "references": references(module)}
    print(json.dumps(found))
