"""flat.py: a load, a load without a context and a call take the same instructions whatever else lives.

    python stress/flat.py            also at the end of `make stress`, unless --quick

The stress program's loops are counted by callgrind in a process with one interpreter and one slot, in
one with 100,000 slots more, and in one with 1,000 interpreters alive. callgrind is exact; a
difference of less than a hundredth of an instruction a round is what one call of the loop differs by.
Results are JSON in stress/results/; exit status 1 names what is not flat.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
#: Interpreters and slots.
CASES = {
    "one interpreter, one slot": (1, 0),
    "100,000 slots": (1, 100_000),
    "1,000 interpreters": (1000, 0),
}
NAMES = ("load", "load_without_context", "noargs")
SAME = 0.01


def count(program: Path, interpreters: int, slots: int, environment: dict[str, str]) -> dict[str, float]:
    """Instructions of a round, by name."""
    with tempfile.TemporaryDirectory() as scratch:
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no"]
        command += [f"--callgrind-out-file={scratch}/out", str(program), "--only", "flat"]
        command += ["--interpreters", str(interpreters), "--loads", str(slots), "--threads", "1"]
        result = subprocess.run(
            command, capture_output=True, text=True, check=False, env=environment, timeout=1800
        )
        if result.returncode != 0:
            raise RuntimeError(f"callgrind failed:\n{result.stderr[-3000:]}\n{result.stdout[-500:]}")
        rounds = json.loads(result.stdout.splitlines()[-1])["result"]["rounds"]
        found = {}
        for dump in Path(scratch).glob("out.*"):
            text = dump.read_text(encoding="utf-8", errors="replace")
            title = re.search(r"^desc: Trigger: Client Request: (.*)$", text, re.MULTILINE)
            total = re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)
            if title and total:
                found[title.group(1)] = int(total.group(1)) / rounds
    missing = set(NAMES) - found.keys()
    if missing:
        raise RuntimeError(f"callgrind made no dump for {', '.join(sorted(missing))}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description="Instructions among much or little else.")
    parser.add_argument("--program", type=Path)
    parser.add_argument("--results", type=Path, default=HERE / "results")
    options = parser.parse_args()
    program = options.program or Path(os.environ["HPYSTATE_BUILD"]) / "stress" / "stress"
    environment = os.environ | {"PYTHONHASHSEED": "0"}
    found = {}
    for case, (interpreters, slots) in CASES.items():
        found[case] = count(program, interpreters, slots, environment)
        numbers = ", ".join(f"{name} {found[case][name]:.2f}" for name in NAMES)
        print(f"{case}: {numbers} instructions a round", flush=True)
    first = next(iter(found.values()))
    problems = [
        f"{name} with {case}: {counts[name]:.2f} instructions a round, {first[name]:.2f} with one"
        for case, counts in found.items()
        for name in NAMES
        if abs(counts[name] - first[name]) > SAME
    ]
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    summary = {"python": sys.version.split()[0], "instructions": found, "problems": problems}
    options.results.mkdir(parents=True, exist_ok=True)
    (options.results / f"{version}-flat.json").write_text(json.dumps(summary, indent=1) + "\n")
    print("\n".join(problems) or "flat: ok")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
