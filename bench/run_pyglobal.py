"""run_pyglobal.py: what a static that is per interpreter costs, beside all other ways.

    make bench-pyglobal                            the tables
    make bench-pyglobal ARGS="--quick"             fewer rounds and pairs: a minute
    make bench-pyglobal ARGS="--results FOLDER"    the numbers too: pyglobal-<version>.json there
    make bench-pyglobal ARGS="--plot FILE"         a plot too, as PNG
    make bench-pyglobal ARGS="--bars"              a bar that was missed is an error: exit status 1
    make bench-pyglobal ARGS="--only instructions" no times; --only times: no callgrind

Loads without a context, in a loop that is counted too; pi, computed by a decimal type that keeps
its objects in one of four places; and the headers. Times are the processor's, for the thread that
measures. docs/pyglobal.md explains the tables.
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from build_peers import build_pyglobal
from found import Found, Verdict, exit_status, judge, summary
from plot import draw
from pyglobal_headers import measure_code, measure_headers
from pyglobal_rows import LOADS, PYGLOBAL, STATIC
from pyglobal_worker import rounds_of
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from run import callgrind, new_console, timed

from hpystate.demo import writable_file

WORKER = Path(__file__).resolve().parent / "pyglobal_worker.py"


def compiler() -> str:
    text = subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True).stdout
    found = re.search(r"\d+\.\d+", text)
    kind = "clang" if "clang" in text else "gcc"
    return f"{kind} {found[0]}" if found is not None else kind


def setting() -> dict[str, str]:
    """What the numbers depend on, by version."""
    import Cython
    import pybind11

    libc = " ".join(platform.libc_ver())
    return {
        "CPython": platform.python_version(),
        "compiler": compiler(),
        "system": f"{platform.system()} {platform.machine()}, {libc}",
        "Cython": Cython.__version__,
        "pybind11": pybind11.__version__,
    }


def row_table(found: Found) -> Table:
    """A side in each row: instructions, and time as ns for a load and as a ratio for pi."""
    is_load = found.row is LOADS
    made = Table(title=f"{found.row.group}: {found.row.title}; CPython {platform.python_version()}")
    made.add_column("")
    against = "ns" if is_load else "time, of the C static"
    for heading in ("instructions", "of the C static", against, "quartiles"):
        made.add_column(heading, justify="right")
    for side in found.row.sides:
        made.add_row(side, *cells(found, side))
    return made


def cells(found: Found, side: str) -> list[str]:
    measured = as_json(found)["sides"][side]
    counted, time = measured.get("instructions"), measured.get("ns")
    ratio = measured.get("time_ratio")
    return [
        f"{counted:,.1f}" if counted is not None else "",
        f"{measured['of_static']:.3f}" if counted is not None else "",
        "" if time is None else f"{time:.2f}" if found.row is LOADS else f"{ratio['median']:.3f}",
        f"{ratio['low']:.3f} to {ratio['high']:.3f}" if ratio is not None else "",
    ]


def as_json(found: Found) -> dict[str, Any]:
    sides: dict[str, dict[str, Any]] = {}
    for side in found.row.sides:
        sides[side] = measured = {}
        if side in found.instructions:
            measured["instructions"] = found.instructions[side]
            measured["of_static"] = found.instructions[side] / found.instructions[STATIC]
        if side in found.seconds:
            measured["ns"] = 1e9 * median(found.seconds[side])
            measured["time_ratio"] = vars(found.ratio(side, STATIC))
    return {"group": found.row.group, "title": found.row.title, "sides": sides}


def header_tables(headers: list[dict[str, Any]], code: dict[str, int]) -> list[Table]:
    made = Table(title=f"headers; {compiler()}")
    for heading in ("a file that includes", "lines", "time to compile, of Python.h"):
        made.add_column(heading, justify="left" if not made.columns else "right")
    for each in headers:
        made.add_row(each["title"], f"{each['lines']:,}", f"{each['time_ratio']:.2f}")
    other = Table(title="code of the decimal type")
    other.add_column("objects in")
    other.add_column("bytes", justify="right")
    for side, size in code.items():
        other.add_row(side, f"{size:,}")
    return [made, other]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="A static per interpreter, beside other ways.")
    parser.add_argument("--quick", action="store_true", help="about a minute")
    parser.add_argument("--only", choices=["instructions", "times"], help="one of the measures")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="numbers as JSON")
    parser.add_argument("--plot", type=writable_file, metavar="FILE", help="a PNG of the ratios")
    parser.add_argument("--bars", action="store_true", help="exit status 1 where a bar is missed")
    options = parser.parse_args(arguments)
    if options.results is not None and not options.results.is_dir():
        parser.error(f"--results: {options.results} was expected to be a folder that exists")
    if options.plot is not None and options.only == "instructions":
        parser.error("--plot: it draws times; leave out --only instructions")
    return options


def measure(options: argparse.Namespace, progress: Progress) -> tuple[Path, list[Found]]:
    rounds, pairs, seconds = (2_000, 15, 0.002) if options.quick else (10_000, 101, 0.003)
    task = progress.add_task("building what is measured", total=None)
    folder = build_pyglobal()
    counted: dict[str, float] = {}
    times: dict[str, dict[str, list[float]]] = {}
    if options.only != "times":
        progress.update(task, description="counting instructions")
        dumped = callgrind(WORKER, "counts", folder, str(rounds))
        counted = {key: total / rounds_of(key, rounds) for key, total in dumped.items()}
    progress.remove_task(task)
    if options.only != "instructions":
        times = timed(progress, len(PYGLOBAL), WORKER, "times", folder, str(pairs), str(seconds))
    results = []
    for row in PYGLOBAL:
        key = f"{row.group}|{row.title}"
        instructions = {
            side: counted[f"{key}|{side}"] for side in row.sides if f"{key}|{side}" in counted
        }
        results.append(Found(row, instructions, times.get(key, {})))
    return folder, results


def write(folder: Path, document: dict[str, Any]) -> Path:
    file = folder / f"pyglobal-{document['setting']['CPython']}.json"
    file.write_text(json.dumps(document, indent=1) + "\n")
    return file


def main() -> int:
    options = parse()
    console: Console = new_console()
    with Progress(console=console, transient=not console.is_terminal) as progress:
        folder, results = measure(options, progress)
    headers = [] if options.only else measure_headers(3 if options.quick else 7)
    code = {} if options.only else measure_code(folder)
    verdicts: list[Verdict] = [verdict for found in results for verdict in judge(found)]
    for found in results:
        console.print(row_table(found))
    if headers:
        for table in header_tables(headers, code):
            console.print(table)
    for verdict in verdicts:
        console.print(f"[{'green' if verdict.met else 'red'}]{verdict}[/]", highlight=False)
    if options.plot is not None:
        draw(results, options.plot)
        console.print(f"plot: {options.plot.resolve()}", highlight=False, soft_wrap=True)
    if options.results is not None:
        document = {
            "setting": setting(),
            "rows": [as_json(found) for found in results],
            "headers": headers,
            "code": code,
            "bars": [{"text": str(each), "met": each.met} for each in verdicts],
        }
        file = write(options.results, document)
        console.print(f"results: {file.resolve()}", highlight=False, soft_wrap=True)
    console.print(summary(verdicts), highlight=False, soft_wrap=True)
    return exit_status(verdicts, options.bars)


if __name__ == "__main__":
    sys.exit(main())
