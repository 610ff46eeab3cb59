"""counts.py: instructions per operation, by callgrind: exact, whatever else the machine does.

    make bench                      the table
    make bench ARGS="--json FILE"   and as JSON

Each row runs twice under callgrind, with N and with 2 N rounds; the difference divided by N is what
one round costs. The loop alone is subtracted where the row says so.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from hpystate.build import cache_dir, compile_extension

HERE = Path(__file__).resolve().parent
ROUNDS = 20_000


@dataclass(frozen=True)
class Row:
    """One thing that is counted: Python code with N in it, and what it may cost."""

    title: str
    code: str
    subtract: str | None = None
    bar: float | None = None  # at most so many instructions
    against: str | None = None  # title of the row that is the peer


ROWS = (
    Row("empty loop", "probe.empty(N)"),
    Row("HPyGlobal_Load + HPy_Close", "probe.load_close(N)", subtract="empty loop", bar=30),
    Row("C API function, no arguments", "probe.call_noargs(c_probe.noargs, N)"),
    Row(
        "HPy function, no arguments",
        "probe.call_noargs(probe.noargs, N)",
        against="C API function, no arguments",
    ),
    Row("C API function, one argument", "probe.call_one_arg(c_probe.one_arg, N)"),
    Row(
        "HPy function, one argument",
        "probe.call_one_arg(probe.one_arg, N)",
        against="C API function, one argument",
    ),
)

SETUP = """
import sys
sys.path.insert(0, {folder!r})
import hpystate, c_probe
probe = hpystate.load("probe", {probe!r})
probe.store(["a value with a count of its references"])
N = {rounds}
{code}
import os
os._exit(0)
"""


def build() -> tuple[Path, Path]:
    """The folder with the C extension, and the HPy extension's file."""
    out = cache_dir() / "bench" / (sys.implementation.cache_tag or "python")
    probe = compile_extension("probe", [HERE / "probe.c"], out)
    include = sysconfig.get_path("include")
    target = out / f"c_probe{sysconfig.get_config_var('EXT_SUFFIX')}"
    command = ["cc", "-O2", "-fPIC", "-shared", f"-I{include}", "-o", str(target)]
    subprocess.run([*command, str(HERE / "c_probe.c")], check=True)
    return out, probe


def instructions(script: str) -> int:
    """All instructions of a Python process that runs `script`; hashes are fixed, so it repeats."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={scratch}/out"]
        environment = os.environ | {"PYTHONHASHSEED": "0"}
        result = subprocess.run(
            [*command, sys.executable, "-c", script],
            capture_output=True,
            text=True,
            env=environment,
            check=False,
        )
    found = re.search(r"Collected : (\d+)", result.stderr)
    if result.returncode != 0 or found is None:
        raise RuntimeError(f"callgrind failed:\n{result.stderr[-2000:]}")
    return int(found.group(1))


def count(row: Row, folder: Path, probe: Path) -> float:
    def run(rounds: int) -> int:
        script = SETUP.format(folder=str(folder), probe=str(probe), rounds=rounds, code=row.code)
        return instructions(script)

    return (run(2 * ROUNDS) - run(ROUNDS)) / ROUNDS


def main() -> int:
    parser = argparse.ArgumentParser(description="Instructions per operation, by callgrind.")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    console = Console()
    folder, probe = build()
    found: dict[str, float] = {}
    for row in track(ROWS, "counting", console=console, transient=not console.is_terminal):
        found[row.title] = count(row, folder, probe)
    table = Table(title=f"instructions, CPython {sys.version.split()[0]}")
    for heading, side in (("operation", "left"), ("each", "right"), ("", "left")):
        table.add_column(heading, justify=side)  # type: ignore[arg-type]
    missed = False
    for row in ROWS:
        value = found[row.title] - (found[row.subtract] if row.subtract else 0)
        note = ""
        if row.bar is not None:
            missed = missed or value > row.bar
            note = f"bar: {row.bar:.0f}, {'missed' if value > row.bar else 'met'}"
        if row.against is not None:
            note = f"{value / found[row.against]:.2f} of the C API's"
        table.add_row(row.title, f"{value:.1f}", note)
    console.print(table)
    if options.json is not None:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
