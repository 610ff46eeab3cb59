"""contourpy.py: lines and filled areas of a field, its enums, an argument that is wrong."""

from __future__ import annotations

import contourpy
import numpy as np


def work(i: int) -> object:
    x, y = np.meshgrid(np.linspace(0, 1, 8), np.linspace(0, 1, 8))
    field = x * x + y * (1 + i / 4)
    made = contourpy.contour_generator(x, y, field, line_type=contourpy.LineType.SeparateCode)
    points, codes = made.lines(0.5)
    filled, _ = made.filled(0.2, 0.7)
    try:
        made.filled(1.0, 0.5)
    except ValueError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        [[[round(float(n), 9) for n in point] for point in line] for line in points],
        [code.tolist() for code in codes],
        len(filled),
        str(made.line_type),
        made.line_type == contourpy.LineType.SeparateCode,
        contourpy.max_threads() > 0,
        said,
    )
