"""demo/isolation.py: builds, imports, works, ends, and reports."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

import hpystate
from hpystate.build import upstream_sdist
from hpystate.demo import build_extensions
from hpystate.demo.workers import CLIENTS, Process, Worker, make_workers, work_together

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from pathlib import Path

ROUNDS = 7  # of the comparison of one, two interpreters and two processes
ROUND_SECONDS = 0.25


def run_isolation(options: argparse.Namespace) -> int:
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=110)  # a file or a pipe has no width
    with _progress(console) as progress:
        _step(progress, "finding HPy's examples", upstream_sdist)
        folder = _step(progress, "building the extensions", build_extensions)
        workers = _step(
            progress,
            f"making {options.interpreters} interpreters",
            lambda: make_workers(options.interpreters),
        )
        _each(progress, "importing in each", workers, lambda worker: worker.start(folder))
        _each(progress, "working, one after the other", workers, _work_alone)
        _work_together(progress, workers, options.seconds)
        speed = _compare(progress, workers, folder)
        _each(progress, "ending the interpreters", workers[1:], lambda worker: worker.place.close())
        _each(progress, "checking the main interpreter again", workers[:1], _work_alone)
    _count_objects(workers)
    problems = _problems(workers)
    for table in (contents(workers[:3]), *tables(workers, console)):
        console.print(table)
    for problem in problems:
        console.print(f"[red]{problem}[/red]", highlight=False)
    verdict = "BROKEN" if problems else "ok"
    _print_speed(console, speed)
    console.print(
        f"speed-up of two interpreters over one: {speed['interpreters']:.2f}x, "
        f"isolation: {verdict}",
        highlight=False,
    )
    if options.json is not None:
        options.json.write_text(json.dumps(_as_json(workers, speed, problems), indent=2) + "\n")
    return 1 if problems else 0


# ---- the steps ---------------------------------------------------------------------------------


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=not console.is_terminal,
    )


def _step(progress: Progress, description: str, action: Callable[[], Any]) -> Any:
    task = progress.add_task(description, total=1)
    result = action()
    progress.advance(task)
    return result


def _each(
    progress: Progress, description: str, workers: list[Worker], action: Callable[[Worker], Any]
) -> None:
    task = progress.add_task(description, total=len(workers))
    for worker in workers:
        action(worker)
        progress.advance(task)


def _work_alone(worker: Worker) -> None:
    now = time.monotonic()
    worker.alone = worker.turn(now, now + ROUND_SECONDS)


def _work_together(progress: Progress, workers: list[Worker], seconds: float) -> None:
    task = progress.add_task(f"working, all {len(workers)} at once", total=seconds)
    done = threading.Event()

    def show() -> None:
        begin = time.monotonic()
        while not done.wait(0.1):
            progress.update(task, completed=min(seconds, time.monotonic() - begin))

    shower = threading.Thread(target=show)
    shower.start()
    try:
        for worker, rate in zip(workers, work_together(workers, seconds), strict=True):
            worker.together = rate
    finally:
        done.set()
        shower.join()
    progress.update(task, completed=seconds)


def _compare(progress: Progress, workers: list[Worker], folder: Path) -> dict[str, float]:
    """One interpreter, two interpreters, one process, two processes; interleaved; medians."""
    interpreters = workers[1:3] if len(workers) > 2 else workers[:2]
    processes = [Worker(f"process {i}", Process(), 1 + i) for i in range(2)]
    for process in processes:
        process.start(folder)
    groups = {
        "one": interpreters[:1],
        "two": interpreters,
        "one process": processes[:1],
        "two processes": processes,
    }
    rates: dict[str, list[float]] = {name: [] for name in groups}
    task = progress.add_task("two interpreters against two processes", total=ROUNDS)
    for _ in range(ROUNDS):
        for name, group in groups.items():
            rates[name].append(sum(work_together(group, ROUND_SECONDS)))
        progress.advance(task)
    for process in processes:
        process.place.close()
    ours = _ratios(rates["two"], rates["one"])
    theirs = _ratios(rates["two processes"], rates["one process"])
    return {
        "interpreters": statistics.median(ours),
        "processes": statistics.median(theirs),
        "against processes": statistics.median(_ratios(ours, theirs)),
        "lowest": min(ours),
        "highest": max(ours),
    }


def _ratios(above: list[float], below: list[float]) -> list[float]:
    return [a / b for a, b in zip(above, below, strict=True)]


# ---- what was seen -----------------------------------------------------------------------------


def _count_objects(workers: list[Worker]) -> None:
    import atlas  # the main interpreter's; its counts are the process's

    for worker in workers:
        created, released = atlas.objects(worker.id)
        worker.objects = (created, released)


def _problems(workers: list[Worker]) -> list[str]:
    problems = []
    for worker in workers:
        if worker.total.wrong:
            problems.append(
                f"{worker.name}: {worker.total.wrong} loads returned another interpreter's value"
            )
        if not worker.own_values:
            problems.append(
                f"{worker.name}: its globals hold other values: {worker.started['after']}"
            )
        if worker.started["clients"] != CLIENTS:
            problems.append(
                f"{worker.name}: {worker.started['clients']} returned; {CLIENTS} expected"
            )
        if worker.id != 0 and worker.objects[0] != worker.objects[1]:
            created, released = worker.objects
            problems.append(f"{worker.name}: {released} of {created} objects were released")
    addresses = [worker.started["type_address"] for worker in workers]
    if len(set(addresses)) != len(addresses):
        problems.append("two interpreters share the type pof.Point")
    return problems


# heading, whether it is a number, what a worker shows
COLUMNS: tuple[tuple[str, bool, Callable[[Worker], str]], ...] = (
    ("interpreter", False, lambda worker: worker.name),
    ("its globals hold", False, lambda worker: _held(worker)),
    ("loads", True, lambda worker: f"{worker.total.loads:,}"),
    ("wrong", True, lambda worker: f"{worker.total.wrong:,}"),
    ("objects released", True, lambda worker: _released(worker)),
    ("calls/s alone", True, lambda worker: f"{worker.alone:,.0f}"),
    ("together", True, lambda worker: f"{worker.together:,.0f}"),
)


def _table(workers: list[Worker], title: str | None, columns: Sequence[int]) -> Table:
    table = Table(title=title)
    for column in columns:
        heading, is_number, _ = COLUMNS[column]
        # What does not fit is wrapped: a number that is cut off would be wrong.
        table.add_column(heading, justify="right" if is_number else "left", overflow="fold")
    for worker in workers:
        table.add_row(*(COLUMNS[column][2](worker) for column in columns))
    return table


def tables(workers: list[Worker], console: Console) -> list[Table]:
    """What the workers found: one table, or two below each other where that is too wide."""
    title = f"hpystate {hpystate.__version__}, CPython {platform.python_version()}"
    wide = _table(workers, title, range(len(COLUMNS)))
    unbounded = console.options.update(max_width=1000)
    if console.measure(wide, options=unbounded).maximum <= console.width:
        return [wide]
    return [_table(workers, title, (0, 1, 2, 3, 4)), _table(workers, None, (0, 5, 6))]


def _released(worker: Worker) -> str:
    created, released = worker.objects
    if worker.id == 0:
        return "still running"
    return f"all {created:,}" if created == released else f"{released:,} of {created:,}"


def _held(worker: Worker) -> str:
    """How many of the six globals hold a value, and the tag that all of them have in common."""
    held = worker.started["after"].values()
    count = sum(text != "nothing" for text in held)
    return f"{count} values of {worker.id}:{worker.nonce:08x}"


def contents(workers: list[Worker]) -> Table:
    """The same six statics, as a few interpreters see them."""
    table = Table(title="the same C statics, seen from " + str(len(workers)) + " interpreters")
    table.add_column("global", no_wrap=True, min_width=10)
    for worker in workers:
        table.add_column(worker.name, overflow="fold")
    for name in workers[0].started["after"]:
        table.add_row(name, *(_short(worker.started["after"][name]) for worker in workers))
    return table


def _short(text: str) -> str:
    """What tells an object from those of the other interpreters: of the repr of a function or an
    instance the address, of a text and a dict the tag, as the other table has it."""
    text = re.sub(r"^\{.*'home of (\w{16})': <atlas\.(\w+) .*\}$", r"{\1: \2}", text)
    text = re.sub(r"^<class '(.*)'>$", r"\1", text)
    text = re.sub(r"^<.* at (0x\w+)>$", r"at \1", text)
    text = re.sub(
        r"\b([0-9a-f]{8})([0-9a-f]{8})\b", lambda tag: f"{int(tag[1], 16)}:{tag[2]}", text
    )
    return escape(text.strip("'"))


def _print_speed(console: Console, speed: dict[str, float]) -> None:
    console.print(
        f"two processes over one: {speed['processes']:.2f}x; two interpreters reach "
        f"{speed['against processes']:.2f} of that (median of {ROUNDS} interleaved rounds, "
        f"{speed['lowest']:.2f} to {speed['highest']:.2f})",
        highlight=False,
    )


def _as_json(workers: list[Worker], speed: dict[str, float], problems: list[str]) -> dict[str, Any]:
    return {
        "runtime": f"hpystate {hpystate.__version__}",
        "python": platform.python_version(),
        "isolation": "BROKEN" if problems else "ok",
        "problems": problems,
        "speed_up": speed,
        "interpreters": [
            {
                "name": worker.name,
                "id": worker.id,
                "nonce": worker.nonce,
                "globals_before": worker.started["before"],
                "globals_after": worker.started["after"],
                "loads": worker.total.loads,
                "wrong": worker.total.wrong,
                "calls_per_second_alone": worker.alone,
                "calls_per_second_together": worker.together,
                "objects_created": worker.objects[0],
                "objects_released": worker.objects[1],
            }
            for worker in workers
        ],
    }
