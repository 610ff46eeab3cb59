"""checks.py: every row of the table of hosts, as data; imports nothing of ours, runs on any host.

    checks.py FILE MODE FIRST     loads `every` with hpy.universal and checks the rows from FIRST on

It prints a line of JSON for each row, {"row": its name}, before the row runs, and {"found": text}
after it; so who reads it knows which row a crash was in. The text is "" where the row gave what was
expected.
"""

from __future__ import annotations

import contextvars
import gc
import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

Row = tuple[str, Callable[[Any], object], object]


def raising(error: Exception) -> Callable[[], object]:
    def raise_() -> object:
        raise error

    return raise_


def ended_capsules(m: Any) -> object:
    before = m.capsules_ended()
    m.capsule_to_end()
    for _ in range(3):
        gc.collect()
    return m.capsules_ended() - before


def stored(m: Any) -> object:
    value = object()
    m.store(value)
    first, second = m.load(), m.load()
    m.store("another")
    return first is value, second is value, m.load()


def in_context(m: Any) -> object:
    return contextvars.copy_context().run(m.context_variable)


def raised(m: Any) -> str:
    try:
        return repr(m.__dict__["raise"](5))
    except LookupError as error:
        return str(error)


def point(m: Any) -> object:
    value = object()
    one, two = m.Point(value), m.Point(value, 9)
    return one.value is value, one.number, two.number, two + 1, repr(two)


def derived(m: Any) -> object:
    value = object()
    made = type("Derived", (m.Point,), {})(value, 9)
    return made.value is value, made.number, made + 1


def subtypes(m: Any) -> object:
    return [m.is_subtype_of_dict(t) for t in (dict, type("Derived", (dict,), {}), int)]


#: name, what is done, what is expected
ROWS: tuple[Row, ...] = (
    ("HPyCapsule_New, _Get, _IsValid, _Set", lambda m: m.capsule(), (10, 56, "every.capsule")),
    ("destructor of a capsule", ended_capsules, 1),
    ("HPy_Compile_s, HPy_EvalCode", lambda m: m.compile_and_eval(7), 42),
    ("HPyContextVar_New, _Get, _Set", in_context, (None, 42)),
    ("HPyType_GetName", lambda m: (m.type_name(dict), m.type_name(m.Point)), ("dict", "Point")),
    ("HPyType_IsSubtype", subtypes, [True, True, False]),
    ("HPyUnicode_FromEncodedObject", lambda m: m.decode(b"caf\xe9"), "café"),
    ("HPyUnicode_Substring", lambda m: m.substring("abcde"), "bc"),
    ("HPyDict_Keys, _Copy", lambda m: (m.dict_keys({1: 2}), m.dict_copy({1: 2})), ([1], {1: 2})),
    ("HPySlice_Unpack", lambda m: m.slice_unpack(slice(1, 8, 3)), (1, 8, 3)),
    ("HPy_SetCallFunction", lambda m: (m.Caller(3)(4), m.Caller()(1, 2)), (12, 2000)),
    ("HPy_Call", lambda m: m.call(divmod, 7, 2), (3, 1)),
    ("HPy_CallMethod", lambda m: m.call_method("text"), "TEXT"),
    ("HPyGlobal: store and load", stored, (True, True, "another")),
    ("HPyGlobal: the word of a slot", lambda m: m.word_of_slot(), "its address"),
    ("HPyGlobal: a load of what was never stored", lambda m: m.load_unset(), "nothing"),
    ("HPyGlobal: a load of what was cleared", lambda m: m.load_cleared(1), "nothing"),
    ("types, members, fields, operators", point, (True, 7, 9, 10, "Point(9)")),
    ("HPy_New of a class made in Python", derived, (True, 9, 10)),
    ("a keyword for HPy_tp_new", lambda m: m.Point(1, number=9).number, 9),
    ("builders", lambda m: m.builders(), ([0, 1], (0, 1))),
    ("raising, with a format", raised, "no such thing at 5"),
    ("matching an exception", lambda m: m.matches(raising(KeyError())), "matches"),
    ("running without the GIL", lambda m: m.without_python("abc"), 6),
    ("import and call", lambda m: m.__dict__["import"](), 5),
    ("hpystate_context_for: this version", lambda m: m.context_of_this_version(), True),
    ("fused calls: first value, call, comparison", lambda m: m.fused(len), 0),
)


def check(module: Any, row: Row) -> str:
    _, function, expected = row
    try:
        found = function(module)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "" if found == expected else f"{found!r}, not {expected!r}"


def check_from(module: Any, first: int) -> Iterator[dict[str, str]]:
    for row in ROWS[first:]:
        yield {"row": row[0]}
        yield {"found": check(module, row)}


if __name__ == "__main__":
    from importlib.machinery import ModuleSpec

    from hpy.universal import load  # pyright: ignore[reportMissingImports]

    path, mode, first = sys.argv[1:]
    spec = ModuleSpec("every", None, origin=path)
    for line in check_from(load("every", path, spec, mode=int(mode)), int(first)):
        print(json.dumps(line), flush=True)
