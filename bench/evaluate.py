"""evaluate.py: everything that somebody wants to know before choosing hpystate, in one command.

    make evaluate                          tables and plots in build/evaluate
    make evaluate ARGS="--quick"           fewer interpreters and rounds
    make evaluate ARGS="--write"           the tables and the plot of the documents too
    make evaluate ARGS="--only memory"     one step
    make evaluate ARGS="--keep"            the steps that the folder has no numbers of
    make evaluate ARGS="--out FOLDER"      another folder

Each step is a program that can be run alone and prints its own tables; the numbers go into one
file, and the tables of the documents are made from it. Exit status 0: measured; the last lines name
the bars that are missed. 1: a step failed or found a fault; it is named, with the command that
repeats it, and the documents stay as they are. 2: the command line is wrong.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from build_peers import has_upstream
from plot import machine
from rich.console import Console
from run import new_console
from run_pyglobal import setting

import hpystate

ROOT = Path(__file__).resolve().parents[1]
BENCH = ROOT / "bench"
sys.path.append(str(ROOT / "tools"))
from evaluate_tables import EVALUATED, PLOT, as_page, file_of  # noqa: E402

DEMO = ("-m", "hpystate", "demo")


@dataclass(frozen=True)
class Step:
    """A program that writes its numbers as JSON. `quick` is what makes it short."""

    name: str
    title: str
    command: tuple[str, ...]
    quick: tuple[str, ...]
    plot: str | None = None

    def arguments(self, out: Path, quick: bool) -> list[str]:
        made = [sys.executable, *self.command, *(self.quick if quick else ())]
        made += ["--json", str(out / f"{self.name}.json")]
        return made + (["--plot", str(out / self.plot)] if self.plot else [])


STEPS = (
    Step("isolation", "isolation", DEMO, ("--interpreters", "4", "--seconds", "0.5")),
    Step(
        "upstream",
        "isolation with HPy's own runtime",
        (*DEMO, "--runtime", "upstream"),
        ("--interpreters", "4", "--seconds", "0.5"),
    ),
    Step(
        "memory",
        "memory after interpreters",
        (str(BENCH / "memory.py"),),
        ("--quick",),
        PLOT,
    ),
    Step("bench", "calls and programs", (str(BENCH / "run.py"),), ("--quick",), "bench.png"),
)


@dataclass(frozen=True)
class Outcome:
    step: Step
    #: "whole" or "quick", of the run that measured it.
    run: str
    #: None: measured by an earlier run, and kept.
    seconds: float | None = None
    #: What is wrong, with what to type; "" where nothing is.
    problem: str = ""


def attempt(step: Step, out: Path, quick: bool) -> Outcome:
    """Runs one step; it prints its progress and its tables itself."""
    (out / f"{step.name}.json").unlink(missing_ok=True)  # an old one is not of this run
    arguments = step.arguments(out, quick)
    begin = time.monotonic()
    status = subprocess.run(arguments, cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - begin
    repeat = shlex.join(["python", *arguments[1:]])
    problem = ""
    if status != 0:
        how = f"exit status {status}" if status > 0 else f"signal {-status}"
        problem = f"{step.title}: FAILED, {how}. To repeat it: {repeat}"
    elif not (out / f"{step.name}.json").is_file():
        problem = f"{step.title}: FAILED, it wrote no numbers. To repeat it: {repeat}"
    return Outcome(step, "quick" if quick else "whole", seconds, problem)


def kept(step: Step, out: Path, here: dict[str, str]) -> Outcome | None:
    """What an earlier run in the same setting has measured."""
    document = out / "evaluate.json"
    if not document.is_file() or not (out / f"{step.name}.json").is_file():
        return None
    earlier = json.loads(document.read_text())["setting"]
    runs = earlier.pop("run")
    return Outcome(step, runs[step.name]) if earlier == here and step.name in runs else None


def setting_here() -> dict[str, str]:
    return {"hpystate": hpystate.__version__, **setting(), "machine": machine()}


def document_of(outcomes: list[Outcome], out: Path, here: dict[str, str]) -> dict[str, Any]:
    """The numbers of all steps that did not fail, and what they depend on."""
    runs = {each.step.name: each.run for each in outcomes if not each.problem}
    found: dict[str, Any] = {"setting": here | {"run": runs}}
    for outcome in outcomes:
        if not outcome.problem:
            file = out / f"{outcome.step.name}.json"
            found[outcome.step.name] = json.loads(file.read_text())
    return found


def missed_bars(document: dict[str, Any]) -> list[str]:
    return [
        bar["text"]
        for part in ("memory", "bench")
        for bar in document.get(part, {}).get("bars", [])
        if not bar["met"]
    ]


def steps_of(only: str | None) -> list[Step]:
    """What this Python can run. HPy's own runtime works with 3.12 alone."""
    chosen = [step for step in STEPS if only in (None, step.name)]
    return [step for step in chosen if step.name != "upstream" or has_upstream()]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="fewer interpreters and rounds")
    parser.add_argument("--keep", action="store_true", help="measure only what is missing")
    parser.add_argument("--write", action="store_true", help="the tables of the documents too")
    parser.add_argument("--only", choices=[step.name for step in STEPS], help="one step")
    parser.add_argument("--out", type=Path, metavar="FOLDER", default=ROOT / "build" / "evaluate")
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write: the documents show all steps; use --keep in place of --only")
    if not steps_of(options.only):
        parser.error(
            f"--only {options.only}: HPy's own runtime works with CPython 3.12, and this is "
            f"{platform.python_version()}; make evaluate PYTHON=/path/to/python3.12"
        )
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {options.out}: a folder was expected: {error.strerror}")
    return options


def write_documents(document: dict[str, Any], out: Path) -> None:
    """The numbers where tools/tables.py finds them, the plot, and the tables."""
    file_of(document).write_text(json.dumps(document, indent=1) + "\n")
    shutil.copyfile(out / PLOT, ROOT / "docs" / PLOT)
    subprocess.run([sys.executable, str(ROOT / "tools" / "tables.py"), "--write"], check=True)


def report(console: Console, outcomes: list[Outcome], document: dict[str, Any], out: Path) -> int:
    """The last lines of a run; its exit status."""
    problems = [each.problem for each in outcomes if each.problem]
    for each in outcomes:
        verdict = "FAILED" if each.problem else "measured"
        how = "kept" if each.seconds is None else f"{verdict} in {each.seconds:.0f} s"
        console.print(f"{each.step.title}: {how} ({each.run} run)", highlight=False)
    for text in missed_bars(document):
        console.print(f"[yellow]{text}[/]", highlight=False, soft_wrap=True)
    for text in problems:
        console.print(f"[red]{text}[/]", highlight=False, soft_wrap=True)
    console.print(f"tables and plots: {out.resolve()}", highlight=False, soft_wrap=True)
    return 1 if problems else 0


def main() -> int:
    options = parse()
    console = new_console()
    here = setting_here()
    steps = steps_of(options.only)
    outcomes = []
    for number, step in enumerate(steps, start=1):
        console.rule(f"{number} of {len(steps)}: {step.title}")
        before = kept(step, options.out, here) if options.keep else None
        outcomes.append(before or attempt(step, options.out, options.quick))
    document = document_of(outcomes, options.out, here)
    (options.out / "evaluate.json").write_text(json.dumps(document, indent=1) + "\n")
    (options.out / "evaluate.md").write_text(as_page(document))
    console.rule("what was found")
    status = report(console, outcomes, document, options.out)
    if options.write and status == 0:
        write_documents(document, options.out)
        where = f"{EVALUATED.relative_to(ROOT)} and the tables in docs/"
        console.print(f"written: {where}", highlight=False)
    elif options.write:
        console.print("nothing was written into docs/: a step failed", highlight=False)
    return status


if __name__ == "__main__":
    sys.exit(main())
