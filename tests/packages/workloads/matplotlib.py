"""matplotlib.py: draws a figure into memory, measures a text, tests a path."""

from __future__ import annotations

import hashlib

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path

FONT = FontProperties(size=9)


def work(i: int) -> object:
    figure = Figure(figsize=(2, 2), dpi=50)
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.plot(range(10), [n * i % 7 for n in range(10)])
    axes.set_title(f"title {i}")
    canvas.draw()
    pixels = bytes(canvas.buffer_rgba())
    drawing = canvas.get_renderer()
    width, height, _ = drawing.get_text_width_height_descent(f"text {i}", FONT, ismath=False)
    path = Path([(0, 0), (i + 1, 0), (i + 1, 2), (0, 2), (0, 0)], closed=True)
    return (
        len(pixels),
        hashlib.sha256(pixels).hexdigest(),
        round(float(width), 3),
        round(float(height), 3),
        bool(path.contains_point((i + 0.5, 1))),
    )
