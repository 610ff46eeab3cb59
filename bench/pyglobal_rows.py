"""pyglobal_rows.py: what `make bench-pyglobal` measures, beside what, and what it may cost: all of
it data, as in rows.py.

The loops of the loads are counted and timed as they are, loop included: a load is a few
instructions and could not be told from what it leaves out of a loop.
"""

from __future__ import annotations

from rows import Bar, Row

OURS = "hpystate_global"
IN_LOOP = "hpystate_global, hpystate_current() before the loop"
STATIC = "C static"
THREAD_STATE = "the thread's state alone"
STATE = "PyModule_GetState"
BY_DEF = "PyType_GetModuleByDef"
DICT = "the interpreter's dict"
CYTHON = "Cython, module state"
PYBIND = "pybind11, get_stored"

#: A module of decimal_like.c for each back end, by the macro that chooses it.
BACK_ENDS = {
    OURS: "GLOBAL",
    STATIC: "STATIC",
    STATE: "STATE",
    BY_DEF: "BY_DEF",
}
#: CPython's own decimal, for scale. Its context has no part in the comparison.
LIBRARY = "CPython's _decimal"

LOADS = Row(
    "loads",
    "an object, borrowed; loop included",
    {
        OURS: "loads.load_global",
        IN_LOOP: "loads.load_global_in_loop",
        STATIC: "loads.load_static",
        THREAD_STATE: "loads.load_thread_state",
        STATE: "loads.load_module_state",
        BY_DEF: "loads_thing.load_by_def",
        DICT: "loads.load_interpreter_dict",
        CYTHON: "loads_cython.load",
        PYBIND: "loads_pybind.load",
    },
    (
        Bar("instructions", THREAD_STATE, 10, more=True),
        Bar("time", STATE, 1.6),
        Bar("time", CYTHON, 0.6),
        Bar("time", PYBIND, 0.1),
        Bar("time", STATIC, 1.0, of=IN_LOOP, more=True),
    ),
)


def pi(digits: int) -> Row:
    sides = {side: f"pi_{name.lower()}_{digits}" for side, name in BACK_ENDS.items()}
    sides[LIBRARY] = f"pi_decimal_{digits}"
    bars = (Bar("instructions", STATIC, 1.03), Bar("time", STATIC, 1.03))
    return Row("pi", f"{digits} digits", sides, bars)


#: 9 and 19 are those of CPython's benchmark of _decimal; 28 is the precision that decimal begins
#: with.
DIGITS = (9, 19, 28, 100)
PI = tuple(pi(digits) for digits in DIGITS)
PYGLOBAL = (LOADS, *PI)
