"""matrix.py: builds and tests on every kind of CPython and with both compilers, and prints a table.

    make matrix                              everything
    make matrix ARGS="3.13 3.14-debug"       some rows
    make matrix ARGS="--cached"              only what needs no long build of an interpreter

Interpreters that had to be fetched or built are kept in the user's cache folder, builds of hpystate
in build/, one folder for each row. A row that is not available prints why, and counts as failed;
where that is a build without the GIL, the runtime is compiled as for it, with the headers of the
one that has it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpystate" / "pythons"


@dataclass(frozen=True)
class Row:
    """An interpreter, as tools/get-python.sh spells it, a compiler, and what is done with them."""

    python: str
    compiler: str = "gcc"
    target: str = "test"
    arguments: str = ""

    @property
    def name(self) -> str:
        own_target = "" if self.target in ("test", "sanitize") else f" {self.target}"
        return self.python + ("" if self.compiler == "gcc" else f" {self.compiler}") + own_target


ROWS = (
    Row("3.12"),
    Row("3.13"),
    Row("3.13", compiler="clang"),
    Row("3.14"),
    Row("3.14-debug"),
    Row("3.15"),
    Row("3.13t"),
    Row("3.14t"),
    Row("3.15t"),
    # clang's, since their interpreters are
    Row("3.13-asan", compiler="clang", target="sanitize"),
    Row("3.13t-tsan", compiler="clang", target="sanitize"),
    # what .ci/run has on other versions alone
    Row("3.13", target="stress", arguments="--quick"),
    Row("3.13", target="test-upstream"),
    Row("3.14", target="test-upstream"),
    Row("3.13t", target="test-upstream"),
)
ALIASES = {"3.13-asan": "3.13-asan clang", "3.13t-tsan": "3.13t-tsan clang"}


@dataclass
class Outcome:
    row: Row
    build: str = "-"
    catch2: str = "-"
    pytest: str = "-"
    seconds: float = 0
    failed: bool = True
    left_out: str = ""


def bash(function: str) -> subprocess.CompletedProcess[str]:
    """A function of tools/find-python.sh."""
    command = ["bash", "-c", f". tools/find-python.sh; {function}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@dataclass
class Interpreters:
    """Where interpreters come from: those of this machine first, then the cache, then the net."""

    quick_only: bool
    here: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        lines = bash("all_pythons").stdout.splitlines()
        self.here = dict(line.split(maxsplit=1) for line in lines)

    def find(self, row: Row, log: Path) -> tuple[str, str]:
        """The interpreter, or "" and the reason why there is none."""
        if row.python in self.here:
            return self.here[row.python], ""
        prefix = CACHE / row.python
        if self.quick_only:
            result = bash(f"cached_python {row.python}")
            said = result.stdout.strip().splitlines()[-1]
            return (said, "") if result.returncode == 0 else ("", said)
        prefix.mkdir(parents=True, exist_ok=True)
        command = [str(ROOT / "tools" / "get-python.sh"), row.python, str(prefix)]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        log.write_text(result.stderr)
        if result.returncode == 0:
            return result.stdout.strip().splitlines()[-1], ""
        reasons = [line for line in result.stderr.splitlines() if line.startswith("get-python: ")]
        return "", "; ".join(line.removeprefix("get-python: ") for line in reasons[-3:])


def run(command: list[str], log: Path, environment: dict[str, str]) -> bool:
    """Whether the command succeeds. What `make PYTHON=...` was told above is not handed on."""
    dropped = ("MAKEFLAGS", "MAKEOVERRIDES", "ARGS", "T", "PYTHONPATH", "CC", "CXX")
    inherited = {k: v for k, v in os.environ.items() if k not in dropped}
    with log.open("a") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        result = subprocess.run(
            command,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=inherited | environment,
            check=False,
        )
    return result.returncode == 0


def counts(log: Path) -> tuple[str, str]:
    """What ctest and pytest printed in the end."""
    text = log.read_text(errors="replace")
    ended = re.findall(r"tests passed, (\d+) tests failed out of (\d+)", text)
    failed = sum(int(number) for number, _ in ended)
    passed = sum(int(total) for _, total in ended) - failed
    catch2 = f"{passed} passed" if ended else "-"
    if failed:
        catch2 += f", {failed} failed"
    summary = re.findall(r"^=*\s*(\d+ (?:passed|failed).*?) in [\d.]+s", text, re.MULTILINE)
    return catch2, summary[-1] if summary else "-"


def compiled_only(outcome: Outcome, interpreters: Interpreters, log: Path) -> Outcome:
    """Of a build without the GIL that cannot be had: the runtime is compiled as for it, against the
    headers of the one with the GIL."""
    reason = outcome.build
    python, _ = interpreters.find(Row(outcome.row.python.removesuffix("t")), log)
    if not python:
        outcome.left_out = reason if interpreters.quick_only else ""
        return outcome
    begin = time.monotonic()
    outcome.failed = not run(["make", "check-without-gil"], log, {"PYTHON": python})
    outcome.seconds = time.monotonic() - begin
    if outcome.failed:
        outcome.build = f"does not compile, see build/{log.name}"
    else:
        outcome.left_out, outcome.build = reason, "compiles"
    return outcome


def attempt(row: Row, interpreters: Interpreters) -> Outcome:
    outcome = Outcome(row)
    begin = time.monotonic()
    log = ROOT / "build" / f"matrix-{row.name.replace(' ', '-')}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    python, reason = interpreters.find(row, log)
    if not python:
        outcome.build = reason or f"no interpreter is available, see build/{log.name}"
        if row.python.endswith("t"):
            return compiled_only(outcome, interpreters, log)
        outcome.left_out = reason if interpreters.quick_only else ""
        return outcome
    environment = {"PYTHON": python, "COMPILER": row.compiler}
    # "-m ''" takes back that `make test` leaves out long tests
    arguments = row.arguments or ("-m ''" if row.target == "test" else "")
    if arguments:
        environment["ARGS"] = arguments
    if row.target == "test" and not run(["make", "build"], log, environment):
        outcome.build = f"failed, see build/{log.name}"
        return outcome
    passed = run(["make", row.target], log, environment)
    outcome.catch2, outcome.pytest = counts(log)
    began = passed or outcome.catch2 != "-"
    outcome.build = "ok" if began else f"failed, see build/{log.name}"
    outcome.seconds = time.monotonic() - begin
    outcome.failed = not passed
    return outcome


def table_of(outcomes: Iterable[Outcome]) -> Table:
    table = Table(title="hpystate on every CPython")
    for heading in ("CPython", "compiler", "made", "build", "Catch2", "pytest", "min", ""):
        table.add_column(heading, overflow="fold")
    for o in outcomes:
        verdict = "FAILED" if o.failed else "ok"
        if o.left_out:
            verdict = "left out" if o.failed else "compiled"
        build = "-" if o.left_out and o.failed else o.build
        row = (o.row.python, o.row.compiler, o.row.target, build, o.catch2, o.pytest)
        table.add_row(*row, f"{o.seconds / 60:.1f}", verdict)
    return table


def main() -> int:
    parser = argparse.ArgumentParser(description="Builds and tests on every kind of CPython.")
    parser.add_argument("--cached", action="store_true", help="leave out what takes minutes to get")
    parser.add_argument("rows", nargs="*", help="such as 3.14-debug, or '3.13 clang'; default: all")
    options = parser.parse_args()
    by_name = {row.name: row for row in ROWS}
    wanted = [ALIASES.get(name, name) for name in options.rows] or list(by_name)
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        print(f"matrix: {', '.join(unknown)}: one of {', '.join(by_name)} was expected")
        return 2
    console = Console()
    interpreters = Interpreters(options.cached)
    outcomes = []
    for name in wanted:
        with console.status(f"CPython {name}"):
            outcomes.append(attempt(by_name[name], interpreters))
    if not console.is_terminal:  # a log has no width
        console = Console(width=110)
    console.print(table_of(outcomes))
    for outcome in outcomes:
        if outcome.left_out:
            console.print(f"{outcome.row.name}: {outcome.left_out}", highlight=False)
    return 1 if any(o.failed and not o.left_out for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
