"""fresh.py: `make demo` and `make test` on machines that have only git and make, with a table.

    make fresh                                             six rows: as root, and as a plain user
    make fresh ARGS="--only debian-13 --topic window"      the rows of a system; tests of a topic
    make fresh ARGS="--only ubuntu-24.04:user --demo"      one row, without tests
    make fresh ARGS="--only sid --limit 360"               six minutes, then no more tests

The machines are chroots (tools/machines.py); the source in them is a clone of what is committed. As
a plain user `make demo` has to print one line first; root types it, and then both commands have to
work. Every output has to say something each 20 seconds, without control characters. Times are
seconds, and in brackets seconds of processors, which another load does not change much.

HPYSTATE_FRESH=FOLDER keeps the bases of the chroots there for the next time; otherwise all is made
in a temporary folder and removed. HPYSTATE_DEBIAN_MIRROR and HPYSTATE_UBUNTU_MIRROR name mirrors
other than apt's. Exit status 0: all rows passed; 1: one failed; 3: no chroot can be made here;
4: all passed, but the limit came before the tests were through.
"""

from __future__ import annotations

import argparse
import math
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from machines import SYSTEMS, Machine, Workshop
from trials import ROOT, attempt_all, can_make_machines, print_table, watch

ROWS = (
    ("debian-12", "root"),
    ("debian-13", "root"),
    ("sid", "root"),
    ("ubuntu-24.04", "root"),
    ("debian-13", "user"),
    ("ubuntu-24.04", "user"),
)


@dataclass
class Row:
    system: str
    user: str
    seconds: dict[str, str] = field(default_factory=dict)
    silence: float = 0.0
    problems: list[str] = field(default_factory=list)
    left_out: str = ""

    @property
    def name(self) -> str:
        return f"{self.system}:{self.user}"

    def cells(self) -> tuple[str, ...]:
        times = (self.seconds.get(step, "-") for step in STEPS)
        verdict = "; ".join(self.problems) or self.left_out or "ok"
        return (self.system, self.user, *times, f"{self.silence:.0f}", verdict)


STEPS = ("line", "demo", "test")
HEADINGS = ("system", "user", "line s (cpu)", "demo s (cpu)", "test s (cpu)", "silent s", "verdict")


def line_to_type(output: str) -> str:
    """The one line that a plain user is told. ValueError where it is not one, or not whole."""
    lines = [line.strip() for line in output.splitlines() if "apt-get" in line]
    if len(lines) != 1:
        raise ValueError(f"{len(lines)} lines with apt-get were printed, one was expected")
    if "apt-get update" not in lines[0] or "apt-get install" not in lines[0]:
        raise ValueError(f"the line lacks apt-get update or install: {lines[0]}")
    return lines[0]


class Run:
    """One row: a machine, and what is typed there."""

    def __init__(self, row: Row, machine: Machine, log: Path, deadline: float) -> None:
        self.row, self.machine, self.log, self.deadline = row, machine, log, deadline

    def step(self, name: str, user: str, script: str, wanted: str = "") -> bool:
        """Whether it did what it should; the row has the time, and what was wrong."""
        print(f"fresh: {self.row.name}: {script}", flush=True)
        command = self.machine.command(user, script)
        result = watch(command, self.log, f"fresh: {self.row.name}", self.deadline)
        ours = name != "line"
        self.row.seconds[name] = f"{result.seconds:.0f} ({result.cpu:.0f})"
        if ours:
            self.row.silence = max(self.row.silence, result.silence)
        if result.late and name == "test":
            self.row.left_out = "ok but for the tests, for which the time was too short"
            return True
        problems = ["its time was over"] if result.late else result.problems(ours)
        if wanted and not problems and wanted not in result.output.decode(errors="replace"):
            problems.append(f"did not print '{wanted}'")
        self.row.problems += [f"{name}: {problem}" for problem in problems]
        return not problems

    def get_line(self) -> str:
        """The line that `make demo` prints without root; the row names what is wrong with it."""
        command = self.machine.command("user", "cd hpystate && make demo")
        result = watch(command, self.log, f"fresh: {self.row.name}", self.deadline)
        try:
            if result.status == 0:
                raise ValueError("it ended well, though packages are missing")
            return line_to_type(result.output.decode(errors="replace"))
        except ValueError as error:
            self.row.problems.append(f"demo without packages: {error}")
            return ""

    def all_steps(self, demo_only: bool, topic: str) -> None:
        user = self.row.user
        if user == "user":
            line = self.get_line()
            if not line or not self.step("line", "root", line):
                return
        if not self.step("demo", user, "cd hpystate && make demo", "isolation: ok"):
            return
        if not demo_only:
            self.step("test", user, f"cd hpystate && make test{f' T={topic}' if topic else ''}")


def clone(machine: Machine, user: str) -> None:
    """What is committed, in the user's home; its owner is the user."""
    home = machine.root / ("root" if user == "root" else "home/user")
    target = home / "hpystate"
    command = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(target)]
    subprocess.run(command, check=True)
    owner = "0:0" if user == "root" else "1000:1000"
    subprocess.run(["chown", "-R", owner, str(target)], check=True)


def attempt(row: Row, workshop: Workshop, options: argparse.Namespace, log: Path) -> None:
    print(f"fresh: {row.name}: making the machine", flush=True)
    base = workshop.base(SYSTEMS[row.system])
    with workshop.copy(base, row.name.replace(":", "-")) as machine:
        clone(machine, row.user)
        Run(row, machine, log, options.deadline).all_steps(options.demo, options.topic)


def chosen(only: list[str]) -> list[Row]:
    """The rows that --only names: a system, or a system and a user. ValueError for any other."""
    rows = [Row(*row) for row in ROWS]
    for name in only:
        if not any(name in (row.system, row.name) for row in rows):
            known = ", ".join(row.name for row in rows)
            raise ValueError(f"--only {name}: a system, or one of {known} was expected")
    return [row for row in rows if not only or {row.system, row.name} & set(only)]


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make fresh", description="make demo and make test on fresh machines, in chroots."
    )
    parser.add_argument("--only", action="append", default=[], metavar="SYSTEM[:USER]")
    parser.add_argument("--topic", default="", help="of make test; default: all tests")
    parser.add_argument("--demo", action="store_true", help="only make demo")
    parser.add_argument("--limit", type=float, default=math.inf, metavar="SECONDS")
    parser.add_argument("--check", action="store_true", help="only say whether chroots can be made")
    options = parser.parse_args()
    options.deadline = time.monotonic() + options.limit
    try:
        rows = chosen(options.only)
    except ValueError as error:
        parser.error(str(error))
    if options.check:
        return 0 if can_make_machines("fresh") else 3
    if not attempt_all(
        "fresh", rows, lambda row, workshop, log: attempt(row, workshop, options, log)
    ):
        return 3
    print_table(HEADINGS, rows)
    if any(row.problems for row in rows):
        return 1
    return 4 if any(row.left_out for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
