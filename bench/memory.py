"""memory.py: the memory of a process after interpreters were made, used and ended, one by one.

    python bench/memory.py                 a table: 1,000 interpreters for each way to keep state
    python bench/memory.py --quick         200
    python bench/memory.py --at-once 1     one way at a time; else as many as there are processors
    python bench/memory.py --json FILE     the numbers too
    python bench/memory.py --plot FILE     curves too, as PNG or SVG

Each way has a process of its own. Its interpreters have a GIL of their own, import an extension of
bench/memory, and make a thousand objects with it; `no extension` makes them in Python. CPython
3.12 and 3.13 give little of an ended interpreter's memory back, so a curve is to be read beside
that one.
`KiB each` is the slope of the private memory, from a quarter of the run on (stress/growth.py).
Exit status 0: measured; the last lines say which bars are missed. 2: it could not measure.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build_peers import build_memory
from plot import title
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from run import new_console

from hpystate.build import BuildError
from hpystate.demo import writable_file

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "stress"))
from growth import growth_of  # noqa: E402

USES = 1000
#: How long one way may take: so many seconds, and so many more for each interpreter, of which 0.03
#: are enough on a quiet machine.
PATIENCE = (60.0, 2.0)
NONE, STATE = "no extension", "C, module state"
PACKAGE, HPY, GLOBAL = "hpystate, the package alone", "hpystate, HPy", "hpystate_global"
#: KiB that an interpreter of a way may leave more than one of another. CPython's arenas are 1 MiB,
#: so fewer KiB would be noise.
SLACK = 32
BARS = ((HPY, PACKAGE), (GLOBAL, PACKAGE), (HPY, STATE), (GLOBAL, STATE))


@dataclass(frozen=True)
class Way:
    """A way to keep state: what an interpreter runs, and how its curve is drawn."""

    script: str
    colour: str


def _use(name: str, before: str = "") -> str:
    return f"{before}import {name}\nassert {name}.use({USES}) == 1"


WAYS = {
    NONE: Way(
        "class Thing: pass\ncache = {}\n"
        f"for i in range({USES}): cache['the last thing'] = Thing()",
        "#111111",
    ),
    STATE: Way(_use("kept_state"), "#8c564b"),
    "pybind11": Way(_use("kept_pybind"), "#756bb1"),
    PACKAGE: Way("import hpystate; hpystate.install()", "#9ecae1"),
    HPY: Way(_use("kept_hpy", "import hpystate; hpystate.install()\n"), "#2171b5"),
    GLOBAL: Way(_use("kept_global"), "#31a354"),
}


class MeasureError(RuntimeError):
    """A way could not be measured."""


def measure_way(name: str, folder: Path, count: int, step: int, tell: Any) -> list[dict[str, int]]:
    """What memory_worker.py told; `tell` is called with the number of interpreters so far.

    Raises MeasureError where the process fails, dies, or takes too long.
    """
    arguments = [str(count), str(step), WAYS[name].script, str(folder)]
    limit = PATIENCE[0] + PATIENCE[1] * count
    found: list[dict[str, int]] = []
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, str(HERE / "memory_worker.py"), *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as child,
    ):
        killer = threading.Timer(limit, child.kill)
        killer.start()
        assert child.stdout is not None
        for line in child.stdout:
            found.append(json.loads(line))
            tell(found[-1]["interpreters"])
        status = child.wait()
        late = not killer.is_alive()
        killer.cancel()
        errors.seek(0)
        text = errors.read().strip()[-2000:]
    if status != 0 or not found or found[-1]["interpreters"] != count:
        done = found[-1]["interpreters"] if found else 0
        why = f"it took longer than {limit:.0f} s" if late else f"exit status {status}"
        raise MeasureError(f"{name}: {why}, after {done} of {count} interpreters. {text}")
    return found


def measure(count: int, step: int, at_once: int, console: Console) -> dict[str, Any]:
    """Every way: its curve, and the KiB that each interpreter leaves. So many ways at once: what
    the others do changes nothing in a process's private memory."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=not console.is_terminal) as progress:
        building = progress.add_task("building the extensions", total=None)
        folder = build_memory()
        progress.remove_task(building)

        def one(name: str) -> list[dict[str, int]]:
            task = progress.add_task(f"{name}: {count} interpreters", total=count)
            return measure_way(
                name, folder, count, step, lambda done: progress.update(task, completed=done)
            )

        with ThreadPoolExecutor(at_once) as threads:
            curves = dict(zip(WAYS, threads.map(one, WAYS), strict=True))
    ways = {
        name: {
            "curve": curve,
            "KiB_each": growth_of([(each["interpreters"], each["private"]) for each in curve]),
        }
        for name, curve in curves.items()
    }
    return {"python": sys.version.split()[0], "interpreters": count, "uses": USES, "ways": ways}


def judge(found: dict[str, Any]) -> list[dict[str, Any]]:
    """The bars: what ours leaves more than another way, an interpreter."""
    bars = []
    for ours, other in BARS:
        more = found["ways"][ours]["KiB_each"] - found["ways"][other]["KiB_each"]
        met = more <= SLACK
        text = (
            f"memory that an interpreter leaves, {ours}, more than {other}: {more:.0f} KiB; "
            f"bar {SLACK}: {'met' if met else 'MISSED'}"
        )
        bars.append({"text": text, "met": met})
    return bars


def table(found: dict[str, Any]) -> Table:
    count = found["interpreters"]
    made = Table(title=f"memory after {count:,} interpreters, MiB; CPython {found['python']}")
    made.add_column("")
    for heading in ("before", "Pss", "private", "KiB each"):
        made.add_column(heading, justify="right")
    for name, way in found["ways"].items():
        sizes = [way["curve"][0]["pss"], way["curve"][-1]["pss"], way["curve"][-1]["private"]]
        mebibytes = (f"{size / 1024:,.1f}" for size in sizes)
        made.add_row(name, *mebibytes, f"{way['KiB_each']:,.0f}")
    return made


def draw(found: dict[str, Any], file: Path) -> None:
    """A curve for each way; those that lie on each other are told by their marks."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams |= {"svg.fonttype": "none", "svg.hashsalt": "hpystate"}
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots(figsize=(8, 5), layout="constrained")
    for (name, way), mark in zip(found["ways"].items(), "o^sDvx", strict=True):
        points = way["curve"]
        axis.plot(
            [each["interpreters"] for each in points],
            [each["pss"] / 1024 for each in points],
            color=WAYS[name].colour,
            marker=mark,
            markersize=4,
            lw=1,
            label=f"{name} ({way['KiB_each']:,.0f} KiB each)",
        )
    axis.set(xlabel="interpreters made, used and ended", ylabel="memory of the process, MiB (Pss)")
    axis.set_ylim(bottom=0)
    axis.legend(fontsize=8)
    figure.suptitle(title(), fontsize=8)
    metadata = {"Date": None} if file.suffix == ".svg" else {}
    figure.savefig(file, dpi=100, metadata=metadata)
    plt.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="200 interpreters for each way")
    parser.add_argument("--json", type=writable_file, metavar="FILE", help="the numbers too")
    parser.add_argument("--plot", type=writable_file, metavar="FILE", help="curves, PNG or SVG")
    parser.add_argument("--at-once", type=int, default=os.cpu_count(), metavar="N", help="ways")
    options = parser.parse_args()
    if options.at_once < 1:
        parser.error(f"--at-once is {options.at_once}; 1 or more was expected")
    console = new_console()
    count = 200 if options.quick else 1000
    try:
        found = measure(count, count // 10, options.at_once, console)
    except (BuildError, MeasureError, OSError, RuntimeError) as error:
        print(f"bench/memory.py: {error}", file=sys.stderr)
        return 2
    found["bars"] = judge(found)
    console.print(table(found))
    for bar in found["bars"]:
        console.print(f"[{'green' if bar['met'] else 'red'}]{bar['text']}[/]", highlight=False)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=1) + "\n")
    if options.plot is not None:
        draw(found, options.plot)
        console.print(f"plot: {options.plot.resolve()}", highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
