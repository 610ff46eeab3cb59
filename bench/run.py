"""run.py: everything that is measured, in one command.

    make bench                          the tables
    make bench ARGS="--quick"           fewer rounds and pairs: under two minutes
    make bench ARGS="--json FILE"       the numbers too
    make bench ARGS="--plot FILE"       a plot too, as PNG: time, and the programs' instructions
    make bench ARGS="--bars"            a bar that was missed is an error: exit status 1

Instructions are callgrind's, exact; the empty loop is subtracted. Times are ratios of the
processor's time of the thread: both sides interleaved in one process, the median of the pairs and
the quartiles around it.

The tables are what a run is for, and times on a busy machine miss a bar now and then: so a missed
bar is said in the last lines, and the exit status is 0 unless --bars asks for more.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import columns
from build_peers import build, upstream_packages
from found import Found, Verdict, exit_status, judge, summary
from plot import draw
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from rows import PROGRAM_SHARE, PROGRAMS, ROWS

from hpystate.demo import writable_file

HERE = Path(__file__).resolve().parent
WORKER = HERE / "worker.py"


def count(folder: Path, packages: Path | None, rounds: int) -> dict[str, float]:
    """Instructions of one round, by "group|title|side"."""
    dumped = callgrind(WORKER, "counts", str(folder), str(packages or "-"), str(rounds))
    return {
        key: total / (rounds // PROGRAM_SHARE if key.startswith("programs|") else rounds)
        for key, total in dumped.items()
    }


def callgrind(*arguments: str | Path) -> dict[str, int]:
    """Instructions of each dump that a program of Python makes, by the dump's title."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out"]
        command += [sys.executable, *map(str, arguments)]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        result = subprocess.run(
            command, capture_output=True, text=True, env=environment, check=False
        )
        found: dict[str, int] = {}
        for dump in Path(scratch).glob("out.*"):
            text = dump.read_text(encoding="utf-8", errors="replace")
            title = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if title and total:
                found[title.group(1)] = int(total.group(1))
    if result.returncode != 0 or not found:
        raise RuntimeError(f"callgrind failed:\n{result.stderr[-3000:]}")
    return found


def subtract_loops(counted: dict[str, float]) -> dict[str, float]:
    loops = {kind: counted.pop(f"empty|{kind}|") for kind in ("C", "Python")}
    loops["none"] = 0.0  # a program's loop is a part of it
    kinds = {"calls in a Python loop": "Python", "programs": "none"}
    return {
        key: value - loops[kinds.get(key.partition("|")[0], "C")] for key, value in counted.items()
    }


def measure_times(
    folder: Path, packages: Path | None, pairs: int, seconds: float, progress: Progress
) -> dict[str, dict[str, list[float]]]:
    arguments = ("times", str(folder), str(packages or "-"), str(pairs), str(seconds))
    return timed(progress, len(ROWS) + len(PROGRAMS), WORKER, *arguments)


def timed(
    progress: Progress, rows: int, *arguments: str | Path
) -> dict[str, dict[str, list[float]]]:
    """What a program of Python prints as JSON: seconds by row and side. It prints a line to stderr
    for each row that is done."""
    task = progress.add_task("times", total=rows)
    with subprocess.Popen(
        [sys.executable, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stderr is not None and child.stdout is not None
        told: list[str] = []

        def listen(lines: Iterable[str]) -> None:
            for line in lines:
                told.append(line)
                progress.advance(task)

        # Beside the answer, which is longer than a pipe holds: the process waits until it is read.
        listener = threading.Thread(target=listen, args=(child.stderr,))
        listener.start()
        answer = child.stdout.read()
        listener.join()
    if child.returncode != 0:
        raise RuntimeError(f"the measuring process failed:\n{''.join(told)[-3000:]}")
    return {f"{each['group']}|{each['title']}": each["seconds"] for each in json.loads(answer)}


def tables(results: list[Found]) -> list[Table]:
    made: dict[str, Table] = {}
    for found in results:
        group = found.row.group
        if group not in made:
            made[group] = Table(title=f"{group}, CPython {sys.version.split()[0]}")
            for heading, side in (
                ("", "left"),
                ("side", "left"),
                ("instructions", "right"),
                ("of the last", "right"),
                ("time, of the last", "right"),
                ("quartiles", "left"),
            ):
                made[group].add_column(heading, justify=side)  # type: ignore[arg-type]
        sides = list(found.seconds)
        last = sides[-1]
        for i, side in enumerate(sides):
            counted = found.instructions.get(side)
            ratio = found.ratio(side, last)
            made[group].add_row(
                found.row.title if i == 0 else "",
                side,
                f"{counted:.1f}" if counted is not None else "",
                f"{counted / found.instructions[last]:.2f}" if counted is not None else "",
                f"{ratio.median:.2f}",
                f"{ratio.low:.2f} to {ratio.high:.2f}",
                end_section=side == last,
            )
    return list(made.values())


def as_json(results: list[Found], verdicts: list[Verdict]) -> dict[str, Any]:
    return {
        "python": sys.version.split()[0],
        "rows": [
            {
                "group": found.row.group,
                "title": found.row.title,
                "instructions": found.instructions,
                "time_ratio": {
                    side: vars(found.ratio(side, list(found.seconds)[-1])) for side in found.seconds
                },
            }
            for found in results
        ],
        "bars": [{"text": str(each), "met": each.met} for each in verdicts],
    }


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Costs, beside those of the peers.")
    parser.add_argument("--quick", action="store_true", help="under two minutes")
    parser.add_argument("--json", type=writable_file, metavar="FILE")
    parser.add_argument("--plot", type=writable_file, metavar="FILE", help="a PNG of the ratios")
    parser.add_argument("--bars", action="store_true", help="exit status 1 where a bar is missed")
    return parser.parse_args(arguments)


def new_console() -> Console:
    console = Console()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(width=110)  # a file or a pipe has no width
    return console


def main() -> int:
    options = parse()
    rounds, pairs, seconds = (2_000, 15, 0.002) if options.quick else (5_000, 25, 0.02)
    console = new_console()
    with Progress(console=console, transient=not console.is_terminal) as progress:
        task = progress.add_task("building what is measured", total=None)
        folder, packages = build(), upstream_packages()
        progress.update(task, description="counting instructions")
        counted = subtract_loops(count(folder, packages, rounds))
        progress.remove_task(task)
        times = measure_times(folder, packages, pairs, seconds, progress)
    results = []
    for row in (*ROWS, *PROGRAMS):
        key = f"{row.group}|{row.title}"
        instructions = {
            side: counted[f"{key}|{side}"] for side in row.sides if f"{key}|{side}" in counted
        }
        results.append(Found(row, instructions, times[key]))
    verdicts = [verdict for found in results for verdict in judge(found)]
    for table in tables(results):
        console.print(table)
    console.print(columns.table([found for found in results if found.row in PROGRAMS]))
    for verdict in verdicts:
        console.print(f"[{'green' if verdict.met else 'red'}]{verdict}[/]", highlight=False)
    if options.json is not None:
        options.json.write_text(json.dumps(as_json(results, verdicts), indent=2) + "\n")
    if options.plot is not None:
        draw(results, options.plot)
        console.print(f"plot: {options.plot.resolve()}", highlight=False, soft_wrap=True)
    console.print(summary(verdicts), highlight=False, soft_wrap=True)
    return exit_status(verdicts, options.bars)


if __name__ == "__main__":
    sys.exit(main())
