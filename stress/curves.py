"""curves.py: the memory of a stress run as a plot: over interpreters, and over time.

Of an outcome of run.py it uses scenario, without, and memory: (interpreters, seconds, bytes).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any


def draw(outcomes: list[Any], target: Path) -> None:
    """The memory of the churn over interpreters, with and without hpystate, and of the others over
    time."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    churns = [o for o in outcomes if o.scenario == "churn" and o.memory]
    others = [o for o in outcomes if o.scenario != "churn" and len(o.memory) > 2]
    panels = [panel for panel, wanted in ((_draw_churns, churns), (_draw_others, others)) if wanted]
    if not panels:
        return
    figure, axes = pyplot.subplots(1, len(panels), figsize=(5.5 * len(panels), 4.2), squeeze=False)
    for panel, axis in zip(panels, axes[0], strict=True):
        panel(axis, churns if panel is _draw_churns else others)
    figure.suptitle(f"private memory, CPython {sys.version.split()[0]}")
    figure.tight_layout()
    figure.savefig(target, dpi=90)


def _draw_churns(axis: Any, churns: list[Any]) -> None:
    labels = {False: "with hpystate", True: "without hpystate"}
    for outcome in sorted(churns, key=lambda each: each.without):
        counts = [n for n, _, _ in outcome.memory]
        sizes = [m / 2**20 for *_, m in outcome.memory]
        colour = "tab:orange" if outcome.without else "tab:blue"
        axis.plot(counts, sizes, color=colour, label=labels.pop(outcome.without, "_"), lw=1)
    axis.set(title="churn: each curve is a process", xlabel="interpreters so far", ylabel="MiB")
    axis.legend()


def _draw_others(axis: Any, others: list[Any]) -> None:
    for outcome in others:
        times = [seconds for _, seconds, _ in outcome.memory]
        axis.plot(times, [m / 2**20 for *_, m in outcome.memory], label=outcome.scenario, lw=1)
    axis.set(title="the other scenarios", xlabel="seconds", ylabel="MiB")
    axis.legend(fontsize=8)
