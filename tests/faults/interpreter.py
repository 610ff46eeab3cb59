"""interpreter.py FILE GIL: the first HPy module of a new interpreter, with each allocation failing.

Every n has an interpreter of its own. There the runtime's state is made (a region, adopted or
reserved), with the n-th allocation failing and then, where it did, once more; after that the
module, in the same two steps. Where all went well the interpreter ends with a value in a global.

Without the GIL a global that was stored to twice keeps its first value, here a type, to the end of
the interpreter. There CPython 3.13 loses a block of each type that its last collection destroys:
what is freed with a delay is never freed. A control run without hpystate shows how much.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections import Counter

import fault_control
from module import use
from sweep import BEYOND

import hpystate
from hpystate import _native
from hpystate.testing import Gil, Interpreter

STATE = """
    import importlib.machinery
    import importlib.util
    from outcome import outcome_of

    name = "hpystate._native"
    loader = importlib.machinery.ExtensionFileLoader(name, NATIVE)
    spec = importlib.util.spec_from_file_location(name, NATIVE, loader=loader)
    native = importlib.util.module_from_spec(spec)
    outcome, count, _ = outcome_of(lambda: loader.exec_module(native), N)
    if outcome != "made":  # CPython executes a module object once, whatever became of it
        native = importlib.util.module_from_spec(spec)
        loader.exec_module(native)
    answer = outcome, count
"""
MODULE = """
    import sys
    sys.modules[name] = native
    from hpystate.finder import spec_of
    from module import use

    spec = spec_of("faulty", FILE, "universal")
    def make():
        opened, _ = native.inspect("faulty", FILE)
        module = native.create(opened, spec, "universal", None)
        native.execute(module)
        return module

    outcome, count, module = outcome_of(make, N)
    if module is None:
        assert native.state()["values"] == 0, native.state()
        module = make()
    use(module)
    state = native.state()
    answer = outcome, count, state["values"], state["slots"], state["kept"]
"""
KEPT_TYPES = """
    import fault_control

    types = [type("T", (), {}) for _ in range(COUNT)]
    for each in types:
        for n in range(10):
            setattr(each, f"name{n}", n)
    fault_control.keep(types)
    answer = len(types)
"""


def run(file: str, gil: Gil, n: int) -> list[list]:
    names = {"NATIVE": _native.__file__, "FILE": file, "N": n}
    given = "".join(f"    {name} = {value!r}\n" for name, value in names.items())
    with Interpreter(gil) as other:
        return [list(other.run(given + STATE)), list(other.run(MODULE))]


def measured(file: str, gil: Gil, n: int) -> tuple[list[list], int]:
    """The outcome of the two steps, and the blocks that the interpreter left."""
    blocks = array("q", [0, 0])  # numbers that take no block of their own
    blocks[0] = fault_control.live()
    stages = run(file, gil, n)
    blocks[1] = fault_control.live()
    return stages, blocks[1] - blocks[0]


def lost_with_a_type(gil: Gil) -> int:
    """The blocks that CPython loses for each type that lives to the end of its interpreter."""
    lost = array("q", [0, 0])
    for _ in range(3):  # as in main()
        for more in (0, 1):
            before = fault_control.live()
            with Interpreter(gil) as other:
                assert other.run(f"    COUNT = {1 + 10 * more}\n" + KEPT_TYPES) == 1 + 10 * more
            lost[more] = fault_control.live() - before
    return max(0, lost[1] - lost[0]) // 10


def main(file: str, gil: Gil) -> None:
    with_type = lost_with_a_type(gil)
    use(hpystate.load("faulty", file))
    for _ in range(3):  # CPython itself leaves a few thousand blocks, the same number each time
        good, left = measured(file, gil, 0)
    outcomes: Counter[str] = Counter()
    growth = {}
    harmless = n = 0
    while harmless < BEYOND:
        n += 1
        for _ in range(3):  # once in some forty interpreters CPython keeps two more; a loss repeats
            stages, blocks = measured(file, gil, n)
            kept = stages[1].pop()
            lost = blocks - left - (with_type if kept else 0)  # of two globals, one with a type
            if lost <= 0:
                break
        else:
            growth[n] = [stages, lost]
        outcomes.update(stage[0] for stage in stages)
        harmless = harmless + 1 if all(stage[0] == "made" for stage in stages) else 0
        if stages[1][2:] != good[1][2:4]:
            growth[n] = [stages, good]
    clean = max(stage[1] for stage in good)
    regions = _native.state()["regions"]
    found = {"clean": clean, "last": n, "outcomes": outcomes, "growth": growth}
    print(json.dumps({**found, "regions": regions}))


if __name__ == "__main__":
    main(sys.argv[1], "own" if sys.argv[2] == "own" else "shared")
