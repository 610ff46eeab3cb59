"""threads.py: how much more two threads of one interpreter do than one, without the GIL.

    make bench-threads PYTHON=/path/to/python3.13t ARGS="--rounds 15 --count 2000000"

Each round measures one thread and two, one after the other; the ratio is that of their rates, the
median of all rounds. Both threads use the same globals: fused calls write to no line that they
share. The last row, load and close, takes references and so does: it is there to compare. For two
quiet cores; by processor time also for busy ones, as far as those leave the caches alone. With the
GIL the ratio by the clock is 1. Exit status 1 names a bar that was missed. The numbers go to
<X.Y>t-threads.json in the build folder; `--results stress/results` writes those that the page of
results shows.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from rich.console import Console
from rich.table import Table

import hpystate
from hpystate.testing import compile_snippet

ROOT = Path(__file__).resolve().parents[1]
#: Set by tools/setup.sh.
BUILD = Path(os.environ.get("HPYSTATE_BUILD", ROOT / "build"))
#: Function of programs/shared.c -> what it does.
TITLES = {
    "check": "HPy_TypeCheck_g of a shared type",
    "call": "HPy_Call_g of a builtin",
    "load": "load, HPy_TypeCheck, close",
}
JUDGED = ("check", "call")
BAR = 1.8


def seconds(work: Callable[[], object], threads: int) -> tuple[float, float]:
    """Until the last of the threads is done: by the clock, and the processor time of one thread."""
    start = threading.Barrier(threads + 1)
    used: list[float] = []

    def run() -> None:
        start.wait()
        begin = time.thread_time()
        work()
        used.append(time.thread_time() - begin)

    running = [threading.Thread(target=run) for _ in range(threads)]
    for thread in running:
        thread.start()
    start.wait()
    begin = time.perf_counter()
    for thread in running:
        thread.join()
    return time.perf_counter() - begin, sum(used) / threads


def measure(shared: ModuleType, name: str, rounds: int, count: int) -> dict[str, float]:
    """Medians of one row: ns of one thread alone, and twice one's time over that of two."""
    function = getattr(shared, name)

    def work() -> None:
        # Objects of the thread's own: what it shares with the other are the globals.
        operand = [1, 2, 3] if name == "call" else shared.make()
        assert function(operand, count) == count * (3 if name == "call" else 1)

    taken = [(seconds(work, 1), seconds(work, 2)) for _ in range(rounds)]
    by_clock = [2 * one[0] / two[0] for one, two in taken]
    return {
        "alone_ns": statistics.median(one[1] / count * 1e9 for one, _ in taken),
        "by_clock": statistics.median(by_clock),
        "least": min(by_clock),
        "most": max(by_clock),
        "by_processor": statistics.median(2 * one[1] / two[1] for one, two in taken),
    }


def table_of(rows: dict[str, dict[str, float]]) -> Table:
    table = Table(title=f"two threads against one, CPython {sys.version.split()[0]}")
    for heading in ("", "ns alone", "times one", "of all rounds", "by processor time"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, row in rows.items():
        table.add_row(
            TITLES[name],
            f"{row['alone_ns']:.1f}",
            f"{row['by_clock']:.2f}",
            f"{row['least']:.2f} to {row['most']:.2f}",
            f"{row['by_processor']:.2f}",
        )
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description="Two threads of one interpreter against one.")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=2_000_000)
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=BUILD / "stress" / "results",
        help="where the numbers are written; default: the build. stress/results has those that"
        " docs/results.md shows",
    )
    options = parser.parse_args()
    has_gil = not sysconfig.get_config_var("Py_GIL_DISABLED")
    source = ROOT / "bench" / "programs" / "shared.c"
    shared = hpystate.load("shared", compile_snippet("shared", source.read_text()))
    rows = {name: measure(shared, name, options.rounds, options.count) for name in TITLES}
    console = Console()
    console.print(table_of(rows))
    if has_gil:
        console.print("this interpreter has a GIL: nothing is judged, no result is written")
        return 0
    options.results.mkdir(parents=True, exist_ok=True)
    result = {"python": sys.version.split()[0], "bar": BAR, "rounds": options.rounds, "rows": rows}
    name = f"{sys.version_info[0]}.{sys.version_info[1]}t-threads.json"
    (options.results / name).write_text(json.dumps(result, indent=1) + "\n")
    missed = [name for name in JUDGED if rows[name]["by_clock"] < BAR]
    for name in JUDGED:
        verdict = "MISSED" if name in missed else "met"
        ratio = f"{rows[name]['by_clock']:.2f} (at least {BAR})"
        console.print(f"{TITLES[name]}: {ratio}: {verdict}", highlight=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
