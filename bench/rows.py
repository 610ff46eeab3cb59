"""rows.py: what is measured, beside what, and what it may cost: all of it data.

A side is a callable of n, as Python code over the names that worker.py binds: `ours`, `upstream`,
`abi` (upstream's `cpython` ABI), `c`, `pybind`, `cython`, and `loop(code)` for a loop in Python.
`<program>_abi` is a program in our CPython ABI.
The first side of a row is ours; the empty loop of the row's kind is subtracted from instructions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Measure = Literal["instructions", "time"]

UPSTREAM = "upstream"
ABI = "upstream, cpython ABI"
FUSED = "fused"
UNFUSED = "unfused"
OURS_ABI = "cpython ABI"
OURS_ABI_UNFUSED = "cpython ABI, unfused"
C = "C API"


@dataclass(frozen=True)
class Bar:
    """A side, the first of the row unless `of` names another, costs at most `limit` times `side`;
    for None, `limit` is absolute. `more`: at most so many instructions or ns more than `side`."""

    measure: Measure
    side: str | None
    limit: float
    of: str | None = None
    more: bool = False


@dataclass(frozen=True)
class Row:
    group: str
    title: str
    sides: dict[str, str]
    bars: tuple[Bar, ...] = field(default=())


def _fused(title: str, fused: str, plain: str, *bars: Bar) -> Row:
    sides = {
        "fused": f"ours.{fused}",
        "ours": f"ours.{plain}",
        UPSTREAM: f"upstream.{plain}",
        ABI: f"abi.{plain}",
        C: f"c.{plain}",
    }
    return Row("fused calls of a global", title, sides, bars)


def _calls(title: str, name: str, arguments: str, limit: float) -> list[Row]:
    """A function called from C by vectorcall, and in a Python loop after specialisation."""
    passed = f", {arguments}" if arguments else ""
    sides = {"ours": "ours", UPSTREAM: "upstream", ABI: "abi", C: "c"}
    from_c = {
        side: f"lambda n: c.call_n({module}_{name}, n{passed})" for side, module in sides.items()
    }
    in_python = {side: f"loop('f({arguments})', {module}_{name})" for side, module in sides.items()}
    bar = Bar("instructions", C, limit)
    return [
        Row("calls from C", title, from_c, (bar,)),
        Row("calls in a Python loop", title, in_python),
    ]


def _operations(title: str, from_c: str, in_python: str, limit: float | None) -> list[Row]:
    sides = {"ours": "ours", UPSTREAM: "upstream", ABI: "abi", C: "c"}
    bars = (Bar("instructions", C, limit),) if limit is not None else ()
    return [
        Row("calls from C", title, {s: from_c.format(m) for s, m in sides.items()}, bars),
        Row("calls in a Python loop", title, {s: in_python.format(m) for s, m in sides.items()}),
    ]


def _made(title: str, code: str, limit: float) -> Row:
    """Something of objects_hpy.c that is made and freed; SIDE is whose runtime does it."""
    sides = {"ours": code.replace("SIDE", "ours"), UPSTREAM: code.replace("SIDE", "upstream")}
    bars = (Bar("instructions", UPSTREAM, limit), Bar("time", UPSTREAM, limit + NOISE))
    return Row("made and freed", title, sides, bars)


def _round(title: str, name: str, operand: str = "None", limit: float = 1.0) -> Row:
    return _made(title, f"lambda n: SIDE_objects.{name}(n, {operand})", limit)


def _shape(base: str, arguments: str = "", limit: float = 1.0) -> Row:
    """Most of it is CPython's on both sides."""
    passed = f", {arguments}" if arguments else ""
    title = f"a call of a type on {base}, ({arguments})"
    return _made(title, f"lambda n: c.call_n(SIDE_on_{base}, n{passed})", limit)


#: How far apart the times of equal work may be on a machine that does other work too.
NOISE = 0.05

TYPE_CHECK_BARS = (Bar("instructions", UPSTREAM, 0.55), Bar("time", UPSTREAM, 0.40))

ROWS: tuple[Row, ...] = (
    Row(
        "reaching a value",
        "load and close",
        {
            "ours": "ours.load_close",
            "ours, borrowed": "ours.borrow",
            UPSTREAM: "upstream.load_close",
            ABI: "abi.load_close",
            "C static": "c.load",
            "C, module state": "c.module_state",
            "C, PyType_GetModuleByDef": "lambda n: c_thing.module_by_def(n)",
            "C, interpreter dict": "c.interpreter_dict",
            "pybind11, get_stored": "pybind.load",
            "Cython, module state": "cython.load",
        },
        (Bar("instructions", None, 30),),
    ),
    _fused(
        "HPy_Call_g",
        "call_g",
        "call",
        Bar("instructions", UPSTREAM, 0.85),
        Bar("instructions", C, 1.25),
    ),
    _fused("HPy_TypeCheck_g", "type_check_g", "type_check", *TYPE_CHECK_BARS),
    _fused("HPy_Is_g", "same_g", "same", *TYPE_CHECK_BARS),
    _fused("HPy_GetItem_g", "get_item_g", "get_item"),
    _fused("HPy_GetAttr_g", "get_attr_g", "get_attr"),
    *_calls("NOARGS", "noargs", "", 1.25),
    *_calls("O", "one", "None", 1.25),
    *_calls("VARARGS", "varargs", "None, None", 1.30),
    *_calls("KEYWORDS", "keywords", "None, None", 1.30),
    *_operations(
        "binary slot",
        "lambda n: c.add_n({0}_thing, n, {0}_thing)",
        "loop('f + f', {0}_thing)",
        1.30,
    ),
    *_operations(
        "getter", "lambda n: c.get_n({0}_thing, n, 'got')", "loop('f.got', {0}_thing)", None
    ),
    *_operations(
        "method, NOARGS",
        "lambda n: c.call_n({0}_type.noargs, n, {0}_thing)",
        "loop('f.noargs()', {0}_thing)",
        None,
    ),
    *_operations(
        "method, O",
        "lambda n: c.call_n({0}_type.one, n, {0}_thing, None)",
        "loop('f.one(None)', {0}_thing)",
        None,
    ),
    *_operations(
        "tp_new and tp_init",
        "lambda n: c.call_n({0}_type, n)",
        "loop('f()', {0}_type)",
        None,
    ),
    _round("HPyTracker_New(2), Add, Close", "tracker"),
    _round("HPyTracker_New(0), 12 Add, Close", "growing_tracker"),
    _round("HPyArg_Parse with a tracker", "parse"),
    # These two check the index, and Build asks whether an item could not be made.
    _round("HPyTupleBuilder of two", "tuple_builder", limit=1.07),
    _round("HPyListBuilder of two", "list_builder", limit=1.05),
    _round("HPy_HasAttr_s of a missing attribute", "missing_attribute", "'text'"),
    _round("HPy_Length of a str", "length", "'text'"),
    _round("HPy_New", "new_plain"),
    _round("HPy_New, collected", "new_collected"),
    _round("HPy_New, with HPy_tp_call", "new_called"),
    # A store with upstream, which does not look whether there is a function, and whose place it is.
    _round("HPy_SetCallFunction", "set_call", "SIDE_called", limit=1.75),
    _round("HPy_New on float", "new_float"),
    _round("HPy_New on float, with HPy_tp_destroy", "new_float_destroyed"),
    _round("HPy_New on int", "new_long"),
    _shape("float"),
    _shape("float", "'1.5'"),
    _shape("int"),
    _shape("int", "'1234'"),
    _shape("str", "'text'"),
    _shape("tuple", "'ab'"),
    _shape("list"),
    _shape("type", "'Made', (), {}", limit=1.03),
)

#: The runtime that knows no fused calls, and a program that makes them.
UPSTREAM_FUSED = f"{UPSTREAM}, fused"
UPSTREAM_UNFUSED = f"{UPSTREAM}, unfused"

#: Heading of a column, and the side of a program that is in it.
COLUMNS = {
    "CPython ABI, fused": OURS_ABI,
    "CPython ABI": OURS_ABI_UNFUSED,
    "universal, fused": FUSED,
    "universal": UNFUSED,
    "upstream's CPython ABI": ABI,
    "upstream's universal, fused": UPSTREAM_FUSED,
    "upstream's universal": UPSTREAM_UNFUSED,
}

#: Instructions of a program are counted over so many times fewer rounds.
PROGRAM_SHARE = 20


@dataclass(frozen=True)
class Limits:
    """Instructions that a program may take, of those of its C API build."""

    fused: float
    unfused: float | None
    cpython_abi: float


def _program(title: str, name: str, limits: Limits, *bars: Bar) -> Row:
    """A program of recipes.py. Each of its HPy builds is held against upstream's of that kind."""
    sides = {
        FUSED: f"{name}_fused",
        UNFUSED: f"{name}_unfused",
        OURS_ABI: f"{name}_abi_fused",
        OURS_ABI_UNFUSED: f"{name}_abi",
        UPSTREAM_FUSED: f"{name}_upstream_fused",
        UPSTREAM_UNFUSED: f"{name}_upstream",
        ABI: f"{name}_upstream_abi",
        C: f"{name}_c",
    }
    own = {FUSED: limits.fused, UNFUSED: limits.unfused, OURS_ABI: limits.cpython_abi}
    of_c = [Bar("instructions", C, most, of=side) for side, most in own.items() if most is not None]
    of_upstream = [
        Bar("instructions", UPSTREAM_FUSED, 1.0, of=FUSED),
        Bar("instructions", UPSTREAM_UNFUSED, 1.0, of=UNFUSED),
        Bar("instructions", UPSTREAM_UNFUSED, 1.0, of=UPSTREAM_FUSED),
        Bar("time", UPSTREAM_UNFUSED, 1.0 + NOISE, of=UPSTREAM_FUSED),
    ]
    return Row("programs", title, sides, (*of_c, *bars, *of_upstream))


PROGRAMS: tuple[Row, ...] = (
    _program(
        "constraint expressions",
        "constraint",
        Limits(1.02, 1.08, 1.05),
        Bar("time", C, 1.20),
        Bar("time", C, 1.35, of=UNFUSED),
    ),
    _program("JSON-like builder", "builder", Limits(1.10, 1.25, 1.10)),
    _program("drawing", "draw", Limits(1.10, None, 1.10)),
    _program("numeric arrays", "array", Limits(1.10, None, 1.10)),
)
