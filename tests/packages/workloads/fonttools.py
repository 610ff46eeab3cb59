"""fonttools.py: Bézier curves, interpolation of deltas, a pen: the modules made by Cython."""

from __future__ import annotations

from fontTools.misc import bezierTools
from fontTools.pens.areaPen import AreaPen
from fontTools.varLib import iup


def work(i: int) -> object:
    if not (bezierTools.COMPILED and iup.COMPILED):
        raise ImportError("fonttools: its compiled modules were expected, and it works in Python")
    curve = ((0, 0), (i, 10), (20, 10 + i), (30, 0))
    halves = bezierTools.splitCubicAtT(*curve, 0.25, 0.75)
    pen = AreaPen()
    pen.moveTo((0, 0))
    pen.lineTo((10 + i, 0))
    pen.curveTo((10, 5), (8, 9), (0, 10))
    pen.closePath()
    points = [(0, 0), (10, 0), (10, 10), (0, 10), (0, 0), (0, 0), (0, 0), (0, 0)]
    deltas = iup.iup_delta([(i, 0), None, (0, i), None, *[(0, 0)] * 4], points, [3])
    return (
        [[tuple(round(n, 9) for n in point) for point in half] for half in halves],
        round(bezierTools.calcCubicArcLength(*curve), 6),
        round(pen.value, 6),
        deltas,
    )
