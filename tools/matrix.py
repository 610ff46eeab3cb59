"""matrix.py: builds and tests on every CPython from 3.12 to 3.15, and prints a table.

    make matrix                       3.12 and 3.13 as found, 3.14 and 3.15 by tools/get-python.sh
    make matrix ARGS="3.13 3.14"      some of them

Interpreters that had to be fetched are kept in the user's cache folder. A row that could not be had
says why; it counts as failed.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "hpystate"
VERSIONS = ("3.12", "3.13", "3.14", "3.15")


@dataclass
class Outcome:
    version: str
    python: str = ""
    build: str = "-"
    catch2: str = "-"
    pytest: str = "-"
    failed: bool = True


def run(command: list[str], log: Path, environment: dict[str, str] | None = None) -> bool:
    """Whether the command succeeds. What `make PYTHON=...` was told above is not handed on."""
    inherited = {k: v for k, v in os.environ.items() if k not in ("MAKEFLAGS", "MAKEOVERRIDES")}
    with log.open("a") as file:
        file.write(f"$ {' '.join(command)}\n")
        file.flush()
        result = subprocess.run(
            command,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=inherited | (environment or {}),
            check=False,
        )
    return result.returncode == 0


def found_here() -> dict[str, str]:
    """Version to interpreter, as tools/find-python.sh finds them."""
    script = ". tools/find-python.sh; all_pythons"
    text = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return dict(line.split(maxsplit=1) for line in text.splitlines())


def fetch(version: str, log: Path) -> tuple[str, dict[str, str]]:
    """An interpreter by tools/get-python.sh, and what a build with it needs; "" where none is."""
    prefix = CACHE / "pythons" / version
    prefix.mkdir(parents=True, exist_ok=True)
    result = subprocess.run(
        [str(ROOT / "tools" / "get-python.sh"), version, str(prefix)],
        capture_output=True,
        text=True,
        check=False,
    )
    log.write_text(result.stderr)
    if result.returncode != 0:
        return "", {}
    environment = {}
    flags = prefix / "embed.flags"
    if flags.is_file():  # Debian's package, unpacked with a C library of its own
        environment["HPYSTATE_EMBED_FLAGS"] = " ".join(flags.read_text().split())
        environment["HPYSTATE_EMBED_HOME"] = str(prefix / "usr")
    return result.stdout.strip().splitlines()[-1], environment


def counts(log: Path) -> tuple[str, str]:
    """What Catch2 and pytest said in the end."""
    text = log.read_text()
    cases = re.findall(r"All tests passed \(.* in (\d+) test case", text)
    failed_cases = re.findall(r"test cases: .*?(\d+) failed", text)
    catch2 = f"{sum(map(int, cases))} passed" if cases else "-"
    if failed_cases:
        catch2 += f", {sum(map(int, failed_cases))} failed"
    summary = re.findall(r"^=*\s*(\d+ (?:passed|failed).*?) in [\d.]+s", text, re.MULTILINE)
    return catch2, summary[-1] if summary else "-"


def attempt(version: str, here: dict[str, str]) -> Outcome:
    outcome = Outcome(version)
    log = ROOT / "build" / f"matrix-{version}.log"
    log.parent.mkdir(exist_ok=True)
    log.write_text("")
    environment: dict[str, str] = {}
    outcome.python = here.get(version, "")
    if not outcome.python:
        outcome.python, environment = fetch(version, log)
    if not outcome.python:
        outcome.build = f"no interpreter to be had, see build/{log.name}"
        return outcome
    environment["PYTHON"] = outcome.python
    if not run(["make", "build"], log, environment):
        outcome.build = f"failed, see build/{log.name}"
        return outcome
    outcome.build = "ok"
    passed = run(["make", "test"], log, environment)
    outcome.catch2, outcome.pytest = counts(log)
    outcome.failed = not passed
    return outcome


def main(wanted: list[str]) -> int:
    unknown = [version for version in wanted if version not in VERSIONS]
    if unknown:
        print(f"matrix: {', '.join(unknown)}: one of {', '.join(VERSIONS)} was expected")
        return 2
    console = Console()
    here = found_here()
    outcomes = []
    for version in wanted or VERSIONS:
        with console.status(f"CPython {version}"):
            outcomes.append(attempt(version, here))
    table = Table(title="hpystate on every CPython")
    for heading in ("CPython", "build", "Catch2", "pytest", ""):
        table.add_column(heading)
    for o in outcomes:
        table.add_row(o.version, o.build, o.catch2, o.pytest, "FAILED" if o.failed else "ok")
    console.print(table)
    return 1 if any(o.failed for o in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
