"""pyglobal_worker.py: measures what pyglobal_rows.py lists; one process with all sides in it.

pyglobal_worker.py counts FOLDER ROUNDS           under callgrind: one dump for each side
pyglobal_worker.py times FOLDER PAIRS SECONDS     JSON: seconds per side and pair, interleaved

While it measures, a second interpreter is alive, with a GIL of its own, and has imported what can
be imported there: what is measured is the cost where there are two.
"""

from __future__ import annotations

import decimal
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from pyglobal_rows import BACK_ENDS, DIGITS, LOADS, PI, PYGLOBAL
from worker import check, load_c, sides_of, times

from hpystate.testing import Interpreter

#: So many loads are counted for one computation of pi.
PI_SHARE = 500
LOADERS = ("loads", "loads_cython", "loads_pybind")


def compute_pi(module: ModuleType) -> Any:
    """The recipe of decimal's documentation, for the precision of the context."""
    context = module.getcontext()
    context.prec += 2
    three = module.Decimal(3)
    last, t, s, n, na, d, da = 0, three, 3, 1, 0, 0, 24
    while s != last:
        last = s
        n, na = n + na, na + 8
        d, da = d + da, da + 32
        t = (t * n) / d
        s += t
    context.prec -= 2
    return +s


def computation(module: ModuleType, digits: int) -> Callable[[int], str]:
    def run(n: int) -> str:
        module.getcontext().prec = digits
        value = None
        for _ in range(n):
            value = compute_pi(module)
        return str(value)

    return run


def bind(folder: Path) -> dict[str, Any]:
    names: dict[str, Any] = {name: load_c(folder, name) for name in LOADERS}
    names["loads_thing"] = names["loads"].Thing()
    modules: dict[str, ModuleType] = {"decimal": decimal}
    modules |= {name.lower(): load_c(folder, f"pi_{name.lower()}") for name in BACK_ENDS.values()}
    for name, module in modules.items():
        names |= {f"pi_{name}_{digits}": computation(module, digits) for digits in DIGITS}
    return names


def import_elsewhere(other: Interpreter, folder: Path) -> None:
    """Each of LOADERS has been imported by two interpreters then."""
    for name in LOADERS:
        other.run(f"""
            import importlib.machinery, importlib.util, pathlib
            ends = importlib.machinery.EXTENSION_SUFFIXES
            files = [pathlib.Path({str(folder)!r}) / ({name!r} + end) for end in ends]
            file = next(file for file in files if file.is_file())
            spec = importlib.util.spec_from_file_location({name!r}, file)
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            """)


def counts(names: dict[str, Any], rounds: int) -> None:
    loads = names["loads"]
    for row in PYGLOBAL:
        sides = sides_of(row, names)
        check(row, sides, 100 if row is LOADS else 2)  # pi itself has a loop
        done = rounds if row is LOADS else max(1, rounds // PI_SHARE)
        for side, run in sides.items():
            loads.begin()
            run(done)
            loads.end(f"{row.group}|{row.title}|{side}")


def rounds_of(key: str, rounds: int) -> int:
    """How many rounds counts() did for a row: the key begins with its group."""
    return max(1, rounds // PI_SHARE) if key.startswith(f"{PI[0].group}|") else rounds


def main() -> None:
    way, folder = sys.argv[1], Path(sys.argv[2])
    names = bind(folder)
    with Interpreter() as other:
        import_elsewhere(other, folder)
        if way == "counts":
            counts(names, int(sys.argv[3]))
        else:
            # The processor's time of this thread: what else the machine does is not in it.
            amount = int(sys.argv[3]), float(sys.argv[4])
            found = times(names, *amount, PYGLOBAL, time.thread_time)
            json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
