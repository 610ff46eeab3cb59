"""pool.py: InterpreterPool beside the standard pools: a call, the demo's work, memory.

    python bench/pool.py [--rounds N] [--json FILE]

Everything that is compared is interleaved, round by round, and shown as a ratio: the median of the
rounds. Exit status 0: measured; the last lines say which bars are missed. 2: it could not measure.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import platform
import statistics
import sys
import time
from concurrent import futures
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pool_tasks
from smaps import pss

import hpystate
from hpystate.build import BuildError
from hpystate.demo import build_extensions

CALLS = 300  # in a round, one after the other
SECONDS = 0.25  # of the demo's work, in a round

# what a caller may expect (issue: the pool): the ratio and its bound
BARS = (
    ("a call with an int, of the standard pool's", "most", 1.0),
    ("work of two interpreters, of two processes", "least", 0.93),
    ("memory of two interpreters, of two processes", "most", 0.5),
)


def one_call(pool: futures.Executor) -> float:
    """Microseconds of submit() and result(), the median."""
    times = []
    for i in range(CALLS):
        begin = time.perf_counter()
        pool.submit(abs, i).result()
        times.append(time.perf_counter() - begin)
    return statistics.median(times) * 1e6


def work_of_two(pool: futures.Executor) -> float:
    begin = time.monotonic() + 0.05
    both = [pool.submit(pool_tasks.work, begin, begin + SECONDS) for _ in range(2)]
    done = [each.result() for each in both]
    if any(wrong for _, wrong in done):
        raise RuntimeError(f"{done}: loads of another interpreter's value")
    return sum(calls for calls, _ in done)


def measure(rounds: int, folder: str) -> dict[str, Any]:
    spawn = multiprocessing.get_context("spawn")
    make_pool = hpystate.InterpreterPool  # the parent's imports are in neither of the two sizes
    before = pss("self")
    ours = make_pool(2, initializer=pool_tasks.begin_work, initargs=(folder,))
    for each in [ours.submit(pool_tasks.hold, 0.3) for _ in range(2)]:
        each.result()
    work_of_two(ours)
    memory = pss("self") - before
    processes = ProcessPoolExecutor(2, spawn, pool_tasks.begin_work, (folder,))
    pids = {each.result() for each in [processes.submit(pool_tasks.hold, 1) for _ in range(2)]}
    work_of_two(processes)
    memory_of_processes = sum(pss(pid) for pid in pids)
    pools: dict[str, futures.Executor] = {"ours": ours, "processes": processes}
    pools["threads"] = futures.ThreadPoolExecutor(2)
    standard = getattr(futures, "InterpreterPoolExecutor", None)
    if standard is not None:
        pools["standard"] = standard(2)
    times: dict[str, list[float]] = {name: [] for name in pools}
    works: dict[str, list[float]] = {"ours": [], "processes": []}
    for pool in pools.values():
        one_call(pool)  # warm
    for _ in range(rounds):
        for name, pool in pools.items():
            times[name].append(one_call(pool))
        for name, rates in works.items():
            rates.append(work_of_two(pools[name]))
    for pool in pools.values():
        pool.shutdown()
    return {
        "python": platform.python_version(),
        "processors": len(os.sched_getaffinity(0)),
        "us": {name: statistics.median(each) for name, each in times.items()},
        "KiB": {"ours": memory, "processes": memory_of_processes},
        BARS[0][0]: _ratio(times["ours"], times["standard"]) if standard else None,
        BARS[1][0]: _ratio(works["ours"], works["processes"]),
        BARS[2][0]: memory / memory_of_processes,
    }


def _ratio(above: list[float], below: list[float]) -> float:
    return statistics.median(a / b for a, b in zip(above, below, strict=True))


def show(found: dict[str, Any]) -> list[str]:
    """The lines of the report."""
    lines = [f"CPython {found['python']}, {found['processors']} processors"]
    lines += [f"a call with an int, {name}: {us:.0f} us" for name, us in found["us"].items()]
    lines += [f"memory of two workers, {name}: {size:,} KiB" for name, size in found["KiB"].items()]
    for name, kind, bar in BARS:
        if found[name] is None:
            lines.append(f"{name}: this Python has no InterpreterPoolExecutor; 3.14 has")
            continue
        reached = found[name] <= bar if kind == "most" else found[name] >= bar
        verdict = "reached" if reached else "MISSED"
        lines.append(f"{name}: {found[name]:.2f} (at {kind} {bar}): {verdict}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers there too")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error(f"--rounds is {options.rounds}; 1 or more was expected")
    try:
        found = measure(options.rounds, str(build_extensions()))
    except (BuildError, OSError, RuntimeError) as error:
        print(f"bench/pool.py: {error}", file=sys.stderr)
        return 2
    print("\n".join(show(found)))
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
