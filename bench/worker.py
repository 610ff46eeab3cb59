"""worker.py: measures; one process in which all sides of a comparison are loaded.

worker.py counts FOLDER PACKAGES ROUNDS   under callgrind: one dump for each side of each row
worker.py times FOLDER PACKAGES PAIRS     JSON: seconds per side and pair, sides interleaved

PACKAGES is the folder with upstream's hpy, or "-". Every side gives what its peers give before it
is measured.
"""

from __future__ import annotations

import gc
import importlib.machinery
import importlib.util
import json
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from recipes import RECIPES, Run
from rows import PROGRAM_SHARE, PROGRAMS, ROWS, Row

import hpystate

Clock = Callable[[], float]


def load_c(folder: Path, name: str) -> ModuleType:
    files = [
        path
        for suffix in importlib.machinery.EXTENSION_SUFFIXES
        if (path := folder / f"{name}{suffix}").is_file()
    ]
    spec = importlib.util.spec_from_file_location(name, files[0])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def load_upstream(packages: Path, name: str, file: Path) -> ModuleType:
    if str(packages) not in sys.path:
        sys.path.append(str(packages))
    from hpy import universal  # pyright: ignore[reportMissingImports]

    return universal.load(name, str(file), importlib.util.spec_from_loader(name, None))


def loop(code: str, f: object) -> Run:
    """A function of n that runs `code` n times: one of its own, so that it is specialised alone."""
    scope: dict[str, Any] = {"f": f}
    exec(f"def run(n, f=f):\n    for _ in range(n):\n        {code}\n", scope)
    return scope["run"]


# ---- sides ----


def probe_names(name: str, module: ModuleType, called: object) -> dict[str, Any]:
    """An extension's module, its type and an instance, under the names that rows.py uses. Its
    globals are filled; all call the same function."""
    thing = module.make_type()
    instance = thing()
    table, value = {instance: ["found"]}, ["a value whose references are counted"]
    module.store(value, called, thing, "__doc__", table, instance)
    names = {name: module, f"{name}_type": thing, f"{name}_thing": instance}
    names |= {f"{name}_{f}": getattr(module, f) for f in ("noargs", "one", "varargs", "keywords")}
    return names


#: The builtin types that a type of HPy may stand on, by the number of their shape.
SHAPES = {1: type, 2: int, 3: float, 4: str, 5: tuple, 6: list}


def objects_names(side: str, module: ModuleType) -> dict[str, Any]:
    """The types of objects_hpy.c, of one runtime, and its functions of n."""
    kinds = {kind: module.make_type(0, kind, object) for kind in ("plain", "collected", "called")}
    shaped = {base: module.make_type(shape, "plain", base) for shape, base in SHAPES.items()}
    destroyed = module.make_type(3, "destroyed", float)
    module.store(
        kinds["plain"],
        kinds["collected"],
        shaped[float],
        destroyed,
        shaped[int],
        kinds["called"],
    )
    names = {f"{side}_on_{base.__name__}": made for base, made in shaped.items()}
    return names | {f"{side}_objects": module, f"{side}_called": kinds["called"]()}


def program_builds(
    folder: Path, packages: Path | None, name: str
) -> dict[str, Callable[[], ModuleType]]:
    """What loads each build of a program, by the name of the build in rows.py."""
    module, file = f"{name}_hpy", f"{name}_hpy.hpy0.so"
    builds: dict[str, Callable[[], ModuleType]] = {"c": lambda: load_c(folder, f"{name}_c")}
    for kind, way, abi in (("fused", "fused", "abi_fused"), ("plain", "unfused", "abi")):
        ours, cpython = folder / "ours" / kind / file, folder / "cpython" / kind
        builds[way] = lambda file=ours: hpystate.load(module, str(file))
        builds[abi] = lambda folder=cpython: load_c(folder, module)
    if packages is not None:
        for kind, way in (("fused", "upstream_fused"), ("plain", "upstream")):
            theirs = folder / "upstream" / kind / file
            builds[way] = lambda file=theirs: load_upstream(packages, module, file)
        builds["upstream_abi"] = lambda: load_c(folder / "abi", module)
    return builds


def bind(folder: Path, packages: Path | None) -> dict[str, Any]:
    c = load_c(folder, "c_probe")
    names: dict[str, Any] = {"loop": loop, **probe_names("c", c, c.noargs)}
    probe = "hpy_probe.hpy0.so"
    ours = hpystate.load("hpy_probe", str(folder / "ours" / "plain" / probe))
    names |= probe_names("ours", ours, c.noargs)
    objects = "objects_hpy.hpy0.so"
    names |= objects_names(
        "ours", hpystate.load("objects_hpy", str(folder / "ours" / "plain" / objects))
    )
    for peer in ("pybind", "cython"):
        names[peer] = load_c(folder, f"{peer}_probe")
        names[peer].store(["a value"])
    if packages is not None:
        file = folder / "upstream" / "plain" / probe
        names |= probe_names("upstream", load_upstream(packages, "hpy_probe", file), c.noargs)
        names |= probe_names("abi", load_c(folder / "abi", "hpy_probe"), c.noargs)
        file = folder / "upstream" / "plain" / objects
        names |= objects_names("upstream", load_upstream(packages, "objects_hpy", file))
    for name, make in RECIPES.items():
        builds = program_builds(folder, packages, name)
        names |= {f"{name}_{build}": make(load()) for build, load in builds.items()}
    return names


def sides_of(row: Row, names: dict[str, Any]) -> dict[str, Run]:
    """The sides that there are: without upstream, its names are not bound."""
    sides: dict[str, Run] = {}
    for side, code in row.sides.items():
        words = re.findall(r"(?<![\w.])[a-z_]\w*", re.sub(r"'[^']*'", "", code))
        used = set(words) - {"lambda", "n", "None"}
        if used <= names.keys():
            sides[side] = names[code] if code in names else eval(code, names)
    return sides


def check(row: Row, sides: dict[str, Run], rounds: int = 100) -> None:
    """The sides give the same; and Python's specialisation has seen each."""
    given = {side: run(rounds) for side, run in sides.items()}
    if len({repr(each) for each in given.values()}) != 1:
        raise AssertionError(f"{row.group}, {row.title}: the sides do not give the same: {given}")


def counts(names: dict[str, Any], rounds: int) -> None:
    c = names["c"]
    empty = {"C": c.empty, "Python": loop("pass", None)}
    for kind, run in empty.items():
        run(100)
        c.begin()
        run(rounds)
        c.end(f"empty|{kind}|")
    for row in ROWS:
        sides = sides_of(row, names)
        check(row, sides)
        for side, run in sides.items():
            c.begin()
            run(rounds)
            c.end(f"{row.group}|{row.title}|{side}")
    for row in PROGRAMS:
        sides = sides_of(row, names)
        check(row, sides)
        for side, run in sides.items():
            c.begin()
            run(rounds // PROGRAM_SHARE)
            c.end(f"{row.group}|{row.title}|{side}")


def rounds_for(run: Run, seconds: float, clock: Clock) -> int:
    """How many rounds take about so long."""
    n = 16
    while True:
        start = clock()
        run(n)
        spent = clock() - start
        if spent > seconds / 4:
            return max(1, int(n * seconds / spent))
        n *= 4


def times(
    names: dict[str, Any],
    pairs: int,
    seconds: float,
    rows: Sequence[Row] = (*ROWS, *PROGRAMS),
    clock: Clock = time.perf_counter,
) -> list[dict[str, Any]]:
    found = []
    gc.disable()
    for row in rows:
        sides = sides_of(row, names)
        check(row, sides)
        # Of its own for each side: one of them may take hundreds of times as long as another.
        rounds = {side: rounds_for(run, seconds, clock) for side, run in sides.items()}
        spent: dict[str, list[float]] = {side: [] for side in sides}
        for pair in range(pairs):
            order = list(sides.items())
            if pair % 2:
                order.reverse()
            for side, run in order:
                start = clock()
                run(rounds[side])
                spent[side].append((clock() - start) / rounds[side])
        gc.collect()
        found.append({"group": row.group, "title": row.title, "seconds": spent})
        print(f"{row.group}: {row.title}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    way, folder, packages, amount = sys.argv[1:5]
    upstream = None if packages == "-" else Path(packages)
    names = bind(Path(folder), upstream)
    if way == "counts":
        counts(names, int(amount))
    else:
        # The processor's time of this thread: what else the machine does is not in it.
        found = times(names, int(amount), float(sys.argv[5]), clock=time.thread_time)
        json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
