"""threads.py: how much more two threads of one interpreter do than one, without the GIL.

    python bench/threads.py [--rounds 15] [--count 2000000]

Each round measures one thread and two, one after the other; the ratio is that of their rates, the
median of all rounds. Both threads use the same globals: fused calls write to no line that they
share. The last row, load and close, takes references and so does: it is there to compare. For two
quiet cores; by processor time also for busy ones, as far as those leave the caches alone. With the
GIL the ratio by the clock is 1.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

import hpystate
from hpystate.testing import compile_snippet

ROWS = {
    "HPy_TypeCheck_g of a shared type": "check",
    "HPy_Call_g of a builtin": "call",
    "load, HPy_TypeCheck, close": "load",
}


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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=2_000_000)
    options = parser.parse_args()
    source = Path(__file__).with_name("programs") / "shared.c"
    shared = hpystate.load("shared", compile_snippet("shared", source.read_text()))
    table = Table(title=f"two threads against one, CPython {sys.version.split()[0]}")
    for heading in ("", "ns alone", "times one", "of all rounds", "by processor time"):
        table.add_column(heading, justify="left" if not heading else "right")
    for title, name in ROWS.items():
        function = getattr(shared, name)

        def work(function: Callable[[object, int], int] = function, name: str = name) -> None:
            # Objects of the thread's own: what it shares with the other are the globals.
            operand = [1, 2, 3] if name == "call" else shared.make()
            assert function(operand, options.count) == options.count * (3 if name == "call" else 1)

        rounds = [(seconds(work, 1), seconds(work, 2)) for _ in range(options.rounds)]
        by_clock = [2 * one[0] / two[0] for one, two in rounds]
        by_processor = [2 * one[1] / two[1] for one, two in rounds]
        alone = [one[1] / options.count * 1e9 for one, _ in rounds]
        table.add_row(
            title,
            f"{statistics.median(alone):.1f}",
            f"{statistics.median(by_clock):.2f}",
            f"{min(by_clock):.2f} to {max(by_clock):.2f}",
            f"{statistics.median(by_processor):.2f}",
        )
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
