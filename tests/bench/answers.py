"""answers.py FOLDER PACKAGES: what every build of the programs of `make bench` gives, as JSON.

In a process of its own: both runtimes are loaded in it, and upstream's may crash. PACKAGES is the
folder with upstream's hpy, or "-". For each program and build: what its recipe gives, then one
outcome for each case: the value, or the exception's type and text. HPy's own builds run once more
in debug mode, which must find no handle that stays open.
"""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import worker  # noqa: E402
from recipes import RECIPES  # noqa: E402

import hpystate  # noqa: E402
from hpystate.debug import LeakDetector  # noqa: E402

#: Code that may set `r`. `m` is the module; what else it may use is in `prepare`.
CASES = {
    "draw": (
        "c.line((0.0, 0.0))",
        "c.line((0.0,), (1.0, 1.0))",
        "c.line([0.0, 1.0], (1.0, 1.0))",
        "c.line(('a', 0.0), (1.0, 1.0))",
        "c.line((0, True), (1, 3)); r = c.count, c.sum()",
        "c.line((-9.0, -9.0), (-1.0, 1.0)); r = c.count",
        "c.line((1.0, 1.0), (1.0, 1.0)); r = c.count, c.sum()",
        "c.set_pen((0.0, 0.0, 0.0, 2.0), 1.0)",
        "c.set_pen((0.0, 0.0, 0.0), 1.0)",
        "c.set_pen((0.5, 0.25, 1.0, 0.0), 3.0); r = c.pen_width",
        "c.rectangle(-1.0, -1.0, 3.0, 3.0); r = c.count, c.sum()",
        "c.rectangle(1.0, 2.0, 3.0)",
        "c.marker((1.0, 1.0), 1.0, None); r = c.count, c.sum()",
        "c.marker((1.0, 1.0), 1.0, t); r = c.count, c.sum()",
        "c.marker((1.0, 1.0), 1.0, c)",
        "c.path([(0.0, 0.0), 1])",
        "c.path(((0.0, 0.0),))",
        "c.path([]); r = c.count",
        "c.path([(0.0, 0.0), (2, 2)], t, closed=1); r = c.count, c.sum()",
        "c.path(list(corners), closed=True); r = c.count, c.sum()",
        "c.path(transform=t, points=list(corners)); r = c.count, c.sum()",
        "c.path(shrinking); r = c.count, c.sum()",
        "c.clear(); r = c.count, c.sum(), c.size()",
        "del c.pen_width",
        "c.pen_width = 'x'",
        "c.count = 1",
        "t @ c",
        "c @ t",
        "r = (t @ t.moved(1.0, 2.0)).point(3.0, 4.0)",
        "t.point('x', 1.0)",
        "t.moved(1.0)",
        "m.Canvas(1.0, 2.0, x=3)",
        "m.Transform(x=1.0)",
    ),
    "array": (
        "r = a[0], a[-1], a[True], len(a)",
        "a[99]",
        "a[-5]",
        "a[1.5]",
        "a['x']",
        "a[10**30]",
        "r = a[Index()]",
        "a[::0]",
        "r = a[3:1].list(), a[::-1].list(), a[::-2][1:].list(), a[-99:99:3].list()",
        "r = m.Array([1.0, 2.0])[1:][:].list()",
        "a['x':]",
        "a + m.Array([1.0])",
        "a + 'x'",
        "None - a",
        "r = (a + 2).list(), (2 - a).list(), (a * a).list(), (True * a).list()",
        "a + 10**400",
        "del a[0]",
        "a[0] = 'x'",
        "a[0] = 7; r = a.list()",
        "a[99] = 7",
        "a[1:3] = 'x'",
        "a[1:3] = m.Array([1.0])",
        "a[1:3] = 5; r = a.list()",
        "a[1:] = a[:-1]; r = a.list()",
        "a[::-1] = a; r = a.list()",
        "b = a[::2]; b += 1.5; r = a.list()",
        "a += a[::-1]; r = a.list()",
        "a += 'x'",
        "a += m.Array([])",
        "a @ 2.0",
        "a @ a[1:]",
        "r = a @ a[::-1], a.sum(), m.Array([]).sum()",
        "v = memoryview(a[::2]); r = v.tolist(), v.format, v.strides, v.shape, v.readonly",
        "v = memoryview(a); v[1] = 9.0; r = a.list(), v.nbytes, bytes(a[1:3])",
        "io.BytesIO().write(a[::2])",
        "r = io.BytesIO().write(a)",
        "m.Array(1)",
        "m.Array([1.0], x=1)",
        "m.Array(['x'])",
        "m.Array(shrinking)",
        "r = m.Array([1, True, 2.5]).list()",
        "m.Array([])[0]",
    ),
    "constraint": ("m.total(1)", "m.Variable() + 'x'", "m.Variable() * m.Variable()"),
    "builder": ("m.build([])", "r = m.build([1])"),
}


class Index:
    def __index__(self) -> int:
        return 2


class Shrinks:
    """A number that takes everything out of a list while it is read."""

    def __init__(self, owner: list[Any]) -> None:
        self.owner = owner

    def __float__(self) -> float:
        self.owner.clear()
        return 1.0


def prepare(name: str, module: ModuleType) -> dict[str, Any]:
    """The names that a case may use."""
    names: dict[str, Any] = {"m": module, "io": io, "Index": Index, "r": None}
    shrinking: list[Any] = []
    names["shrinking"] = shrinking
    if name == "draw":
        names |= {"c": module.Canvas(8.0, 8.0), "t": module.Transform(2, 0, 0, 2, 0.5, -1.0)}
        names["corners"] = ((0.0, 0.0), (4.0, 0.0), (4.0, 4.0))
        shrinking += [(0.0, 0.0), (Shrinks(shrinking), 1.0), (2.0, 2.0)]
    if name == "array":
        names["a"] = module.Array([1.0, 2.0, 3.0, 4.0])
        shrinking += [0.0, Shrinks(shrinking), 2.0]
    return names


def outcome(name: str, module: ModuleType, code: str) -> str:
    names = prepare(name, module)
    try:
        exec(code, names)
    except Exception as error:
        # Names of types have the module's name in them.
        return f"{type(error).__name__}: {error}".replace(f"{name}_hpy", f"{name}_c")
    return repr(names["r"])


def answers(name: str, module: ModuleType) -> list[str]:
    return [repr(RECIPES[name](module)(3)), *(outcome(name, module, each) for each in CASES[name])]


def leaks(name: str, file: Path) -> str:
    """What debug mode reports of handles that stay open; "" where there are none."""
    module = hpystate.load(f"{name}_hpy", str(file), mode="debug")
    answers(name, module)  # what a first call keeps
    try:
        with LeakDetector():
            answers(name, module)
    except Exception as error:
        return repr(error)
    return ""


def main() -> None:
    folder, packages = Path(sys.argv[1]), sys.argv[2]
    upstream = None if packages == "-" else Path(packages)
    found: dict[str, Any] = {}
    for name in RECIPES:
        builds = worker.program_builds(folder, upstream, name)
        found[name] = {build: answers(name, load()) for build, load in builds.items()}
        for kind in ("fused", "plain"):
            file = folder / "ours" / kind / f"{name}_hpy.hpy0.so"
            found[name][f"leaks, {kind}"] = leaks(name, file)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
