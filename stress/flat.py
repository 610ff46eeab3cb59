"""flat.py: a load, one without a context and a call cost the same whatever else there is.

    make stress ARGS="--only flat"       also at the end of `make stress`, unless --quick

The stress program's loops are counted by callgrind in a process with one interpreter and one slot,
in one with 100,000 slots more, and in one with 1,000 interpreters alive. callgrind is exact, and
what is done once for a loop is subtracted. The result is a JSON file.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

#: Interpreters and slots.
CASES = {
    "one interpreter, one slot": (1, 0),
    "100,000 slots": (1, 100_000),
    "1,000 interpreters": (1000, 0),
}
NAMES = ("load", "load_without_context", "noargs")
SAME = 0.01


def count(
    program: Path, interpreters: int, slots: int, environment: dict[str, str]
) -> dict[str, float]:
    """Instructions of a round, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={scratch}/out", str(program), "--only", "flat"]
        command += [
            "--interpreters",
            str(interpreters),
            "--loads",
            str(slots),
            "--threads",
            "1",
            "--quiet",
        ]
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=1800
        )
        if result.returncode != 0:
            raise RuntimeError(
                f"callgrind failed:\n{result.stderr[-3000:]}\n{result.stdout[-500:]}"
            )
        rounds = json.loads(result.stdout.splitlines()[-1])["result"]["rounds"]
        counted = {}
        for dump in Path(scratch).glob("out.*"):
            text = dump.read_text(encoding="utf-8", errors="replace")
            title = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if title and total:
                counted[title.group(1)] = int(total.group(1))
    wanted = {f"{name}|{times}" for name in NAMES for times in ("once", "twice")}
    missing = wanted - counted.keys()
    if missing:
        raise RuntimeError(f"callgrind made no dump for {', '.join(sorted(missing))}")
    return {name: (counted[f"{name}|twice"] - counted[f"{name}|once"]) / rounds for name in NAMES}


def measure(program: Path, target: Path, show: Callable[[str], object]) -> list[str]:
    """Counts every case, writes the JSON to `target`; what is not flat."""
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    found = {}
    for case, (interpreters, slots) in CASES.items():
        found[case] = count(program, interpreters, slots, environment)
        numbers = ", ".join(f"{name} {found[case][name]:.2f}" for name in NAMES)
        show(f"{case}: {numbers} instructions a round")
    first = next(iter(found.values()))
    problems = [
        f"{name} with {case}: {counts[name]:.2f} instructions a round, {first[name]:.2f} with one "
        "interpreter"
        for case, counts in found.items()
        for name in NAMES
        if abs(counts[name] - first[name]) > SAME
    ]
    summary = {"python": sys.version.split()[0], "instructions": found, "problems": problems}
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(summary, indent=1) + "\n")
    return problems
