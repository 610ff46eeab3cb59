"""plot.py: ratios as bars, times with their quartiles; of the programs the instructions too."""

from __future__ import annotations

import datetime
import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

from found import Found, Ratio
from rows import Measure

import hpystate

# Ours is blue, upstream's orange, the C API grey or brown; each side has a shade of its own. What
# the list does not have is pink.
COLOURS = {
    "fused": "#08306b",
    "ours": "#2171b5",
    "unfused": "#6baed6",
    "ours, borrowed": "#9ecae1",
    "cpython ABI": "#006d2c",
    "cpython ABI, unfused": "#74c476",
    "upstream": "#e6550d",
    "upstream, fused": "#a63603",
    "upstream, unfused": "#fd8d3c",
    "upstream, cpython ABI": "#fdae6b",
    "C API": "#525252",
    "C static": "#111111",
    "C, module state": "#8c564b",
    "C, PyType_GetModuleByDef": "#c49c94",
    "C, interpreter dict": "#cccccc",
    "pybind11, get_stored": "#756bb1",
    "Cython, module state": "#31a354",
    "hpystate_global": "#4292c6",
    "hpystate_global, hpystate_current() before the loop": "#c6dbef",
    "the thread's state alone": "#969696",
    "PyModule_GetState": "#a6761d",
    "PyType_GetModuleByDef": "#dfc27d",
    "the interpreter's dict": "#d9d9d9",
    "CPython's _decimal": "#e7298a",
}
OTHER = "#e377c2"
COLUMNS = 4
WIDTH, BAR_HEIGHT, PANEL_EXTRA = 24.0, 0.22, 1.1  # inches


def machine() -> str:
    """The processor's name and how many there are."""
    name = platform.processor() or platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        for line in file:
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    return f"{name}, {os.cpu_count()} CPUs"


def title() -> str:
    today = datetime.date.today().isoformat()
    version = f"hpystate {hpystate.__version__}, CPython {platform.python_version()}"
    return f"{version}   |   {machine()}   |   {today}"


class Panel(NamedTuple):
    """A part of the plot: the rows of one group, by one measure."""

    group: str
    measure: Measure


def grouped(results: list[Found]) -> dict[Panel, list[Found]]:
    """Each group by its times; the programs by their instructions too."""
    panels: dict[Panel, list[Found]] = {}
    for found in results:
        panels.setdefault(Panel(found.row.group, "time"), []).append(found)
    for found in results:
        if found.row.group == "programs":
            panels.setdefault(Panel("programs", "instructions"), []).append(found)
    return panels


def last_side(found: Found) -> str:
    return list(found.seconds)[-1]


def bars(group: list[Found]) -> int:
    return sum(len(found.seconds) for found in group)


def columns(groups: dict[Panel, list[Found]]) -> list[list[Panel]]:
    """The panels in columns of about the same height, the highest first."""
    made: list[list[Panel]] = [[] for _ in range(min(COLUMNS, len(groups)))]
    heights = [0.0] * len(made)
    for name in sorted(groups, key=lambda name: -bars(groups[name])):
        lowest = heights.index(min(heights))
        made[lowest].append(name)
        heights[lowest] += height(groups[name])
    return made


def height(group: list[Found]) -> float:
    """Inches of a panel: its bars, the gaps between its rows, its title and its axis."""
    return (bars(group) + len(group)) * BAR_HEIGHT + PANEL_EXTRA


def draw(results: list[Found], file: Path) -> None:
    """All panels; every side against the last of its row, which is 1."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt
    from matplotlib.patches import Patch

    groups = grouped(results)
    layout = columns(groups)
    highest = max(sum(height(groups[name]) for name in column) for column in layout)
    figure = plt.figure(figsize=(WIDTH, highest + 1.2), layout="constrained")
    figure.suptitle(title(), fontsize=12)
    parts = figure.subfigures(1, len(layout), squeeze=False)[0]
    for part, column in zip(parts, layout, strict=True):
        heights = [height(groups[name]) for name in column]
        empty = max(highest - sum(heights), 0.01)
        panels = part.subplots(
            len(column) + 1, 1, squeeze=False, gridspec_kw={"height_ratios": [*heights, empty]}
        )[:, 0]
        panels[-1].set_axis_off()
        for panel, name in zip(panels, column, strict=False):
            _draw_panel(panel, name, groups[name])
    seen = dict.fromkeys(side for found in results for side in found.seconds)
    patches = [Patch(color=COLOURS.get(side, OTHER), label=side) for side in seen]
    figure.legend(handles=patches, loc="outside lower center", ncols=7, fontsize=9)
    figure.savefig(file, dpi=100)
    plt.close(figure)


def ratio_of(found: Found, side: str, measure: Measure) -> Ratio:
    """A side against the last of its row; of instructions, which are exact, without a spread."""
    if measure == "time":
        return found.ratio(side, last_side(found))
    exact = found.instructions[side] / found.instructions[last_side(found)]
    return Ratio(exact, exact, exact)


def _draw_panel(panel: Any, name: Panel, group: list[Found]) -> None:
    ratios = [
        [(side, ratio_of(found, side, name.measure)) for side in found.seconds] for found in group
    ]
    # On a busy machine a quartile may lie far out: the bars are what has to be seen.
    widest = 1.25 * max(ratio.median for row in ratios for _, ratio in row)
    at, ticks = 0.0, []
    for row in ratios:
        ticks.append(at + (len(row) - 1) / 2)
        for side, ratio in row:
            colour = COLOURS.get(side, OTHER)
            panel.barh(at, ratio.median, height=0.85, color=colour)
            if name.measure == "time":
                around = [[ratio.median - ratio.low], [ratio.high - ratio.median]]
                panel.errorbar(ratio.median, at, xerr=around, capsize=2, color="#777777")
            text = f"{ratio.median:.2f}"
            right = min(ratio.high, widest) + widest * 0.01
            panel.text(right, at, text, va="center", fontsize=7)
            at += 1
        at += 1
    lasts = dict.fromkeys(last_side(found) for found in group)
    panel.axvline(1.0, linewidth=0.8, color="black")
    panel.set_yticks(ticks, [found.row.title for found in group], fontsize=9)
    panel.set_ylim(at - 1, -1)
    panel.set_xlim(0, widest * 1.08)
    of = " or ".join(lasts)
    panel.set_xlabel(f"{name.measure} / {name.measure} of {of} (less is better)", fontsize=9)
    panel.set_title(f"{name.group}: {name.measure}", fontsize=10, loc="left", fontweight="bold")
