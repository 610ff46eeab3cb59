"""ways.py: threads without the GIL beside interpreters with GILs of their own, and processes.

    python bench/ways.py --without-gil PYTHON --with-gil PYTHON [--with-gil PYTHON ...]

prints what docs/interpreters-or-threads.md shows. Each PYTHON is a CPython from 3.13 on; nothing
needs to be installed in it. The first one of --with-gil is what the others are compared with; its
column of processes is there too. All take turns in each round, so what else the machine does
meets all of them; a number is the median of its rounds. `--results bench/ways` writes the
numbers for the page, `tools/tables.py --write` its table.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WORKER = Path(__file__).resolve().parent / "ways_worker.py"
ASK = """
import json, platform, sys, sysconfig
print(json.dumps({
    "version": platform.python_version(),
    "without_gil": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "compiler": platform.python_compiler(),
    "flags": [f for f in (sysconfig.get_config_var("OPT") or "").split() if f.startswith("-O")],
    "profile": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
}))
"""


class WaysError(RuntimeError):
    """A Python cannot be measured; the message names it and what to give instead."""


def run(python: str, *arguments: str) -> Any:
    """What a child prints as JSON."""
    try:
        done = subprocess.run([python, *arguments], capture_output=True, text=True, check=False)
    except OSError as error:
        raise WaysError(f"{python}: {error.strerror}; the path of a CPython was expected") from None
    if done.returncode != 0:
        raise WaysError(f"{python} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return json.loads(done.stdout)


@dataclass
class Column:
    """One way in one Python."""

    python: str
    way: str
    about: dict[str, Any]
    rounds: list[dict[str, dict[str, dict[str, float]]]] = field(default_factory=list)
    found: dict[str, Any] = field(default_factory=dict)

    @property
    def title(self) -> str:
        version = self.about["version"] + ("t" if self.about["without_gil"] else "")
        return f"{self.way}, {version}"


def columns_of(without_gil: str, with_gil: list[str]) -> list[Column]:
    found = []
    for python, wanted in ((without_gil, True), *((each, False) for each in with_gil)):
        about = run(python, "-I", "-c", ASK)
        version = tuple(int(part) for part in about["version"].split(".")[:2])
        if about["without_gil"] != wanted or version < (3, 13):
            kind = "without" if wanted else "with"
            build = "without" if about["without_gil"] else "with"
            raise WaysError(
                f"{python} is CPython {about['version']} {build} the GIL; one {kind} it, from 3.13 "
                "on, was expected"
            )
        found.append(Column(python, "threads" if wanted else "interpreters", about))
    found.append(Column(with_gil[0], "processes", found[1].about))
    return found


def take_turns(columns: list[Column], rounds: int, count: int) -> None:
    """One against two, round by round; each column has a process that waits for its turn."""
    running = []
    try:
        for column in columns:
            arguments = [str(WORKER), "measure", column.way, str(rounds), str(count)]
            child = subprocess.Popen(
                [column.python, *arguments],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            running.append(child)
            read(child, column)
        for _ in range(rounds):
            for child, column in zip(running, columns, strict=True):
                assert child.stdin is not None
                child.stdin.write("\n")
                child.stdin.flush()
                column.rounds.append(json.loads(read(child, column)))
    finally:
        for child in running:
            assert child.stdin is not None
            child.stdin.close()
            child.wait(timeout=60)


def read(child: subprocess.Popen[str], column: Column) -> str:
    assert child.stdout is not None
    line = child.stdout.readline()
    if not line:
        raise WaysError(f"{column.title}: {column.python} ended with {child.wait()}")
    return line


def startup(columns: list[Column], rounds: int) -> None:
    """Milliseconds of the processor that `python -I -c pass` takes, interleaved."""
    code = (
        "import resource, subprocess, sys\n"
        "subprocess.run([sys.argv[1], '-I', '-c', 'pass'], check=True)\n"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print((used.ru_utime + used.ru_stime) * 1000)"
    )
    taken: dict[str, list[float]] = {}
    for _ in range(rounds):
        for python in dict.fromkeys(column.python for column in columns):
            taken.setdefault(python, []).append(run(sys.executable, "-I", "-c", code, python))
    for column in columns:
        column.found["startup"] = statistics.median(taken[column.python])


def measure(columns: list[Column], rounds: int, count: int, number: int) -> None:
    startup(columns, rounds)
    for column in columns:
        column.found["memory"] = run(column.python, str(WORKER), "memory", column.way, str(number))
        column.found["start"] = run(column.python, str(WORKER), "start", column.way, str(number))
    take_turns(columns, rounds, count)
    reference = columns[1].rounds
    for column in columns:
        median = statistics.median
        column.found["scaling"] = {
            f"{name}, {how}": median(
                2 * each[name]["one"][how] / each[name]["two"][how] for each in column.rounds
            )
            for name in column.rounds[0]
            for how in ("clock", "processor")
        }
        column.found["single"] = median(
            each["own"]["one"]["processor"] / beside["own"]["one"]["processor"]
            for each, beside in zip(column.rounds, reference, strict=True)
        )


def processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = [line.partition(": ")[2] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def document_of(columns: list[Column], options: argparse.Namespace) -> dict[str, Any]:
    return {
        "machine": f"{len(os.sched_getaffinity(0))} cores, {processor()}, {platform.system()}",
        "load": os.getloadavg()[0],
        "rounds": options.rounds,
        "count": options.count,
        "number": options.number,
        "columns": [
            {"way": column.way, "title": column.title, "about": column.about, **column.found}
            for column in columns
        ],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Threads, interpreters and processes, measured.")
    parser.add_argument("--without-gil", metavar="PYTHON", required=True)
    parser.add_argument("--with-gil", metavar="PYTHON", required=True, action="append")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--count", type=int, default=6_000, help="turns of the work in a round")
    parser.add_argument("--number", type=int, default=8, help="how many more, for memory and start")
    parser.add_argument("--results", type=Path, metavar="FOLDER", help="ways.json is written there")
    options = parser.parse_args()
    if options.results is not None and not options.results.is_dir():
        parser.error(f"--results: {options.results} was expected to be a folder that exists")
    try:
        columns = columns_of(options.without_gil, options.with_gil)
        measure(columns, options.rounds, options.count, options.number)
    except WaysError as error:
        print(f"ways: {error}", file=sys.stderr)
        return 2
    text = json.dumps(document_of(columns, options), indent=1) + "\n"
    if options.results is not None:
        (options.results / "ways.json").write_text(text)
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
