"""run.py BUILD [--seconds N] [--target NAME ...]: runs the fuzzers one by one, and prints a table.

What they find is in BUILD/fuzz/found/<target>-*: minimise it, fix the fault, and keep the
input in fuzz/corpus/<target>/, which the tests run.

A run starts from the kept inputs and from what earlier runs of this build have found to be new, in
BUILD/fuzz/corpus/<target>.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

HERE = Path(__file__).resolve().parent
#: The longest input of each, in bytes.
TARGETS = {"loader": 17_000, "registry": 600, "window": 600, "formats": 300, "states": 300}


@dataclass
class Outcome:
    target: str
    runs: str = "-"
    coverage: str = "-"
    inputs: str = "-"
    memory: str = "-"
    failed: str = ""


def last(pattern: str, text: str) -> str:
    return (re.findall(pattern, text) or ["-"])[-1]


def fuzz(build: Path, target: str, seconds: int) -> Outcome:
    corpus, found = build / "fuzz" / "corpus" / target, build / "fuzz" / "found"
    corpus.mkdir(parents=True, exist_ok=True)
    found.mkdir(exist_ok=True)
    if target == "loader":
        for seed in (build / "fuzz").glob("libseed_*.so"):
            shutil.copy(seed, corpus / seed.name)
    log = build / "fuzz" / f"{target}.log"
    command = [
        str(build / "fuzz" / f"fuzz_{target}"),
        f"-max_total_time={seconds}",
        f"-max_len={TARGETS[target]}",
        "-timeout=10",  # one input may take so many seconds
        # CPython keeps some 0.4 MB of each input's interpreters.
        f"-rss_limit_mb={8192 if target == 'states' else 2048}",
        "-print_final_stats=1",
        f"-artifact_prefix={found}/{target}-",
        str(corpus),
        str(HERE / "corpus" / target),
    ]
    # An allocation that is too large is to fail, as it does without a sanitizer.
    # Python keeps much to its end; there the targets themselves count references.
    options = f"allocator_may_return_null=1:detect_leaks={int(target not in ('formats', 'states'))}"
    with log.open("w") as file:
        result = subprocess.run(
            command,
            stdout=file,
            stderr=subprocess.STDOUT,
            env=os.environ | {"ASAN_OPTIONS": options},
            check=False,
        )
    text = log.read_text(errors="replace")
    outcome = Outcome(
        target,
        last(r"stat::number_of_executed_units:\s*(\d+)", text),
        last(r"\bcov: (\d+)", text),
        last(r"\bcorp: (\d+)", text),
        last(r"stat::peak_rss_mb:\s*(\d+)", text),
    )
    if result.returncode != 0:
        outcome.failed = last(r"Test unit written to (\S+)", text)
        if outcome.failed == "-":
            outcome.failed = f"exit status {result.returncode}, see {log}"
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description="Runs the fuzzers.")
    parser.add_argument("build", type=Path)
    parser.add_argument("--seconds", type=int, default=60, help="for each (default 60)")
    parser.add_argument("--target", action="append", choices=TARGETS, help="only this one")
    options = parser.parse_args()
    console = Console()
    table = Table(title=f"{options.seconds} seconds for each fuzzer")
    for heading in ("target", "runs", "edges", "inputs kept", "MiB", ""):
        table.add_column(heading, overflow="fold")
    failed = False
    for target in options.target or TARGETS:
        with console.status(target):
            o = fuzz(options.build, target, options.seconds)
        failed = failed or bool(o.failed)
        table.add_row(o.target, o.runs, o.coverage, o.inputs, o.memory, o.failed or "ok")
    console.print(table)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
