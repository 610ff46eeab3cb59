"""recipes.py: what a client does with each of the programs: a loop in Python, which gives what it
made, so that all builds of a program can be compared."""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from types import ModuleType

Run = Callable[[int], object]


def constraints(module: ModuleType) -> Run:
    x, y, z = (module.Variable() for _ in range(3))

    def run(n: int) -> float:
        made = None
        for _ in range(n):
            made = 2 * x + y - 3 * z + 4.0 <= 10 * y
            made = -x + 2 * (y * 3) == 5
            made = x + y + z >= 0
        return module.total(made)

    return run


class Key(str):
    __slots__ = ()


class DecimalText(str):
    __slots__ = ()


def builder(module: ModuleType) -> Run:
    open_list, open_dict, close = object(), object(), object()
    module.store(open_list, open_dict, close, Key, DecimalText, decimal.Decimal)
    row = [open_dict, Key("name"), "a name", Key("price"), DecimalText("10.25"), Key("sizes")]
    row += [open_list, 1, 2, 3, close, Key("empty"), open_dict, close, close]
    tokens = [open_list, *(row * 20), close]

    def run(n: int) -> str:
        made = None
        for _ in range(n):
            made = module.build(tokens)
        return repr(made)

    return run


def drawing(module: ModuleType) -> Run:
    """A chart: a frame, two axes with ticks, a curve, markers on it, and a legend."""
    black, blue, red = (0.0, 0.0, 0.0, 1.0), (0.1, 0.4, 0.8, 1.0), (0.8, 0.1, 0.1, 0.5)
    curve = [(float(x), math.sin(x)) for x in range(16)]
    box = [(0.0, 0.0), (24.0, 0.0), (24.0, 12.0), (0.0, 12.0)]
    canvas = module.Canvas(320.0, 240.0)

    def run(n: int) -> tuple[object, ...]:
        for _ in range(n):
            canvas.clear()
            width, height = canvas.size()
            shrink = module.Transform(0.9, 0.0, 0.0, 0.9, 16.0, 12.0)
            view = shrink @ module.Transform(width / 15.0, 0.0, 0.0, -100.0, 0.0, height / 2.0)
            canvas.set_pen(black, 1.0)
            canvas.rectangle(16.0, 12.0, width - 32.0, height - 24.0)
            for tick in range(0, 16, 3):
                x, y = view.point(tick, 0.0)
                canvas.line((x, y), (x, y + 4.0))
            for tick in (-1.0, 0.0, 1.0):
                x, y = view.point(0.0, tick)
                canvas.line((x, y), (x - 4.0, y))
            canvas.set_pen(blue, 2.0)
            canvas.path(curve, view)
            canvas.pen_width = canvas.pen_width / 2.0
            for point in curve:
                canvas.marker(point, 3.0, view)
            canvas.set_pen(red, 1.0)
            canvas.path(box, transform=view.moved(200.0, -90.0), closed=True)
        return canvas.count, canvas.sum(), canvas.size()

    return run


def arrays(module: ModuleType) -> Run:
    """Heat that spreads in a rod, and what is read of it."""
    start = [float(i % 7) for i in range(32)]

    def run(n: int) -> tuple[object, ...]:
        read, total, parts = 0.0, 0.0, []
        rod = module.Array(start)
        for _ in range(n):
            rod = module.Array(start)
            for _ in range(3):
                spread = rod[:-2] + rod[2:] - rod[1:-1] * 2.0
                rod[1:-1] = rod[1:-1] + 0.25 * spread
                rod[0] = rod[1]
                rod[-1] = rod[-2]
            read = 0.0
            for i in range(0, len(rod), 4):
                read += rod[i]
            even, odd = rod[::2], rod[1::2]
            even += odd
            with memoryview(rod) as view:
                read += view[3]
                parts = [view.nbytes, *view[-2:]]
            total = even @ odd + rod.sum()
        return read, total, parts, rod.list(), bytes(rod[4:8])

    return run


#: What runs each program, by the name of its files: <name>_c and <name>_hpy.
RECIPES: dict[str, Callable[[ModuleType], Run]] = {
    "constraint": constraints,
    "builder": builder,
    "draw": drawing,
    "array": arrays,
}
