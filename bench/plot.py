"""plot.py: the time ratios as bars, with the quartiles as error marks."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt
from found import Found


def draw(results: list[Found], file: Path) -> None:
    """One panel for each group of rows; every side against the last of its row, which is 1."""
    groups: dict[str, list[Found]] = {}
    for found in results:
        groups.setdefault(found.row.group, []).append(found)
    height = sum(1 + sum(len(found.seconds) for found in group) * 0.28 for group in groups.values())
    figure, panels = plt.subplots(
        len(groups),
        1,
        figsize=(9, height),
        squeeze=False,
        height_ratios=[1 + sum(len(f.seconds) for f in group) for group in groups.values()],
    )
    for panel, (title, group) in zip(panels[:, 0], groups.items(), strict=True):
        labels, middle, below, above = [], [], [], []
        for found in group:
            last = list(found.seconds)[-1]
            for side in found.seconds:
                ratio = found.ratio(side, last)
                labels.append(f"{found.row.title}: {side}")
                middle.append(ratio.median)
                below.append(ratio.median - ratio.low)
                above.append(ratio.high - ratio.median)
        at = range(len(labels))
        panel.barh(at, middle, xerr=[below, above], height=0.7, capsize=2)
        panel.axvline(1.0, linewidth=0.8, color="black")
        panel.set_yticks(list(at), labels, fontsize=7)
        panel.invert_yaxis()
        panel.set_title(f"{title}: time, of the last side")
    figure.tight_layout()
    figure.savefig(file, dpi=110)
    plt.close(figure)
