"""run.py: all scenarios of the stress program, each in processes of its own, with their memory.

Long: running, judging and telling share the outcome of a process.

    make stress                                   about ten minutes
    make stress ARGS="--quick"                    every scenario, about two minutes
    make stress ARGS="--only churn --interpreters 20000 --loads 1000000000"
    make stress ARGS="--only late --seed 7"       repeats a failure
    make stress ARGS="--plot FILE"                a plot of the memory too, as PNG
    make sanitize ARGS="--stress"                 on a build under sanitizers, a minute

Every process has a seed, which is printed; one that crashes, hangs, finds something wrong or checks
nothing is a failure, which is printed with the command that repeats it, and exit status 1. Without
the GIL the churn replaces its interpreters one at a time, with hpystate and without (churn.cpp has
the fault of CPython that this steps around); it prints so. Where a batch crashes all the same, it
is excused if its control, the same without hpystate, crashes too, and about as often: it is
printed, counted as a crash, and a batch half as large runs in its place. The churn runs in several
processes, since CPython 3.12 and 3.13 give little of an interpreter's memory back, and the same
script runs without hpystate beside it: memory may grow by no more with it. Results are JSON files
in the build folder; `--results stress/results` writes those that docs/results.md shows. Under
sanitizers, which keep freed memory for a while, the memory is neither judged nor drawn.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import sysconfig
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flat import measure
from growth import growth_of
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
#: Set by tools/setup.sh.
BUILD = Path(os.environ.get("HPYSTATE_BUILD", ROOT / "build"))

#: Scenario -> its share of the time. `faults` stands for those of that name.
SHARES = {
    "churn": 10,
    "first-import": 4,
    "late": 3,
    "again": 1,
    "overwrite": 4,
    "faults-memory": 3,
    "faults-exec": 1,
    "faults-thread": 1,
    "faults-fork": 1,
    "cost": 0.1,
}
#: "asan" or "tsan" where the program is built with it; set by tools/sanitize.sh.
SANITIZED = os.environ.get("HPYSTATE_SANITIZED")
#: Scenarios that are left out then, unless --only names one: CPython frees the states of threads
#: that still use them at its end (gh-124878), a forked child has none of the sanitizer's threads,
#: and the last two count what the sanitizer allocates or takes.
NOT_SANITIZED = ("faults-thread", "faults-fork", "faults-memory", "cost")
#: The same with extensions of CPython's API and hpystate/global.h, with either back end: on one
#: version, unless --only names one. What differs between versions is the same code for all.
FACES = ("-c", "-embed")
FACES_ON = (3, 12)
for _name in ("churn", "first-import", "late", "overwrite", "faults-memory"):
    SHARES |= {_name + FACES[0]: 0.5, _name + FACES[1]: 1}
#: Scenarios with a bar of time, which other work on the machine spoils.
TIMED = ("cost",)
#: A process is killed so many seconds after it should have been done.
GRACE = 600 if SANITIZED else 120
#: Seconds of a scenario: in less, a sanitized program checks nothing.
LEAST = 4.0 if SANITIZED else 0.2
#: Interpreters of one process of the churn.
BATCH = 400
#: Runs of the same script differ by a tenth and more, since CPython's arenas are 1 MiB and threads
#: mix: so the middle of some pairs is judged, and by no less than so many.
PAIRS = 3
#: CPython 3.13 without the GIL may crash where interpreters are made while others make classes
#: (gh-129824), in most batches of 400 on a busy machine. The churn makes them one at a time there,
#: with their first classes. Where a batch of the churn ended by a signal all the same, its control
#: runs so often, until one ends so too; and so many batches may be excused.
TRIES = 6
EXCUSED = 8
#: It is not excused where so many crashes beside those of the controls are less likely than this.
LIKELY = 0.01
#: How that fault ends a process. A hang is killed and a broken invariant aborts: never excused.
FAULTS = (signal.SIGSEGV, signal.SIGBUS)
TOLERANCE = 0.05
WITHOUT_GIL = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))
SLACK = 8 * 1024


@dataclass
class Outcome:
    """One process of the stress program."""

    scenario: str
    seed: int
    without: bool
    result: dict[str, Any] | None = None
    problems: list[str] = field(default_factory=list)
    #: Ended by a fault of memory.
    crashed: bool = False
    #: Why a crash is excused: CPython crashed so without hpystate too.
    excuse: str = ""
    #: (interpreters so far, seconds, resident bytes)
    memory: list[tuple[int, float, int]] = field(default_factory=list)
    command: list[str] = field(default_factory=list)


def judge(outcome: Outcome, status: int, errors: str) -> None:
    """Fills the problems from what a process printed and how it ended."""
    outcome.crashed = -status in FAULTS
    if status < 0:
        try:
            name = signal.Signals(-status).name
        except ValueError:
            name = f"signal {-status}"
        outcome.problems.append(f"ended by {name}: {errors[-1500:]}")
    result = outcome.result
    if result is None:
        if status >= 0:
            outcome.problems.append(f"ended with status {status}, no result: {errors[-1500:]}")
        return
    outcome.problems += result["problems"]
    if not outcome.without and not result.get("checked"):
        outcome.problems.append("nothing was checked")
    if result.get("wrong"):
        outcome.problems.append(f"{result['wrong']} wrong values")
    if result.get("made", 0) != result.get("destroyed", 0):
        outcome.problems.append(f"{result['destroyed']} of {result['made']} objects destroyed")
    if status != 0 and not outcome.problems:
        outcome.problems.append(f"ended with status {status}: {errors[-1500:]}")


def chosen_scenarios(
    only: str | None,
    sanitized: str | None,
    beside: bool = False,
    version: tuple[int, ...] = sys.version_info,
) -> list[str]:
    """All of them, or the one of that name, or those of that family; without those with a bar of
    time where other work runs beside, and on most versions without the other faces."""
    chosen = [name for name in SHARES if only in (None, name, name.partition("-")[0])]
    if version[:2] != FACES_ON:
        chosen = [name for name in chosen if name == only or not name.endswith(FACES)]
    if beside:
        chosen = [name for name in chosen if name not in TIMED]
    if only is None and sanitized:
        return [name for name in chosen if not name.startswith(NOT_SANITIZED)]
    return chosen


def program_environment() -> dict[str, str]:
    """Of a program that embeds Python: HPYSTATE_PROGRAM_HOME is for one that cannot find it. The
    extensions declare nothing about the GIL, so this declares that they do not need it."""
    environment = {"HPYSTATE_GIL": "*=off"} | os.environ
    home = environment.pop("HPYSTATE_PROGRAM_HOME", None)
    if home:
        environment["PYTHONHOME"] = home
    return environment


class Runner:
    def __init__(self, program: Path, options: argparse.Namespace, progress: Progress) -> None:
        self.program = program
        self.options = options
        self.progress = progress
        self.seeds = random.Random(options.seed)
        self.outcomes: list[Outcome] = []
        #: Of the churn's memory, in bytes an interpreter; empty until it was measured.
        self.growth: dict[str, float] = {}

    def run(
        self,
        scenario: str,
        seconds: float,
        *,
        title: str | None = None,
        seed: int | None = None,
        without: bool = False,
        more: tuple[str, ...] = (),
    ) -> Outcome:
        if seed is None:
            replayed = self.options.only and not self.outcomes
            seed = self.options.seed if replayed else self.seeds.randrange(1, 1 << 32)
        command = [str(self.program), "--only", scenario, "--seed", str(seed)]
        command += ["--seconds", f"{seconds:g}", "--threads", str(self.options.threads), *more]
        if without:
            command.append("--without")
        outcome = Outcome(scenario, seed, without, command=command)
        task = self.progress.add_task(title or scenario, total=1.0, seed=seed)
        # A process group of its own: what it started is ended with it.
        with subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            env=program_environment(),
        ) as process:
            limit = threading.Timer(seconds + GRACE, lambda: os.killpg(process.pid, signal.SIGKILL))
            limit.start()
            written: list[str] = []
            assert process.stdout is not None and process.stderr is not None
            stderr = process.stderr
            reader = threading.Thread(target=lambda: written.append(stderr.read()))
            reader.start()
            for line in process.stdout:
                self._take(outcome, json.loads(line), task)
            status = process.wait()
            limit.cancel()
            reader.join()
        judge(outcome, status, "".join(written))
        self.progress.update(
            task, completed=1.0, description=f"{title or scenario}{self._verdict(outcome)}"
        )
        if not self.progress.console.is_terminal:  # a log gets a line as soon as it is there
            self.progress.console.print(f"{scenario}, seed {seed}{self._verdict(outcome)}")
        self.outcomes.append(outcome)
        return outcome

    def _take(self, outcome: Outcome, line: dict[str, Any], task: Any) -> None:
        if "result" in line:
            outcome.result = line["result"]
            return
        now = line["progress"]
        self.progress.update(task, completed=min(now["share"], 1.0))
        outcome.memory.append((now.get("interpreters", 0), now["seconds"], now["resident"]))

    @staticmethod
    def _verdict(outcome: Outcome) -> str:
        return " [red]FAILED[/red]" if outcome.problems else " [green]ok[/green]"


def growth(outcome: Outcome) -> float | None:
    """Bytes an interpreter; None where the batch was too short to tell."""
    return growth_of([(n, resident) for n, _, resident in outcome.memory])


def churn(runner: Runner, seconds: float) -> list[str]:
    """Batches of the churn, with and without hpystate by turns; problems of the whole."""
    options = runner.options
    wanted, loads = options.interpreters, options.loads
    interpreters = checked = 0
    begin = 0.0
    pairs: list[tuple[float, float]] = []
    number = 0
    excused = 0
    while number == 0 or interpreters < wanted or checked < loads or begin < seconds:
        number += 1
        batch = min(BATCH, max(wanted - interpreters, 100)) if wanted else BATCH
        batch = max(batch >> excused, 50)  # a smaller one crashes less often
        limit = max(seconds - begin, 5.0) if not wanted else 3600.0
        more = ("--interpreters", str(batch))
        good = runner.run("churn", limit, title=f"churn, batch {number}", more=more)
        if good.crashed and excused < EXCUSED and excuse(runner, good, limit, more):
            excused += 1
            continue
        if good.result is None or good.problems:
            break
        interpreters += good.result["interpreters"]
        checked += good.result["checked"]
        begin += good.result["seconds"]
        same = ("--interpreters", str(good.result["interpreters"]))
        if number <= options.controls:
            control = runner.run(
                "churn",
                3600.0,
                title=f"churn, batch {number} without hpystate",
                seed=good.seed,
                without=True,
                more=same,
            )
            if control.crashed and WITHOUT_GIL:
                control.excuse, control.problems = "it is the control", []
                continue
            ours, theirs = growth(good), growth(control)
            if ours is not None and theirs is not None:
                pairs.append((ours, theirs))
        if not wanted and not loads and begin >= seconds:
            break
    if not pairs:
        return []
    runner.growth = {
        "with": statistics.median(pair[0] for pair in pairs),
        "without": statistics.median(pair[1] for pair in pairs),
        "batches": len(pairs),
    }
    return judge_growth(runner.growth)


def excuse(runner: Runner, crashed: Outcome, seconds: float, more: tuple[str, ...]) -> bool:
    """Whether CPython without the GIL crashes in this batch without hpystate too; then the crash
    does not count."""
    if not WITHOUT_GIL:
        return False
    for number in range(TRIES):
        control = runner.run(
            "churn",
            min(seconds, 20.0),
            title=f"churn that crashed, without hpystate, {number + 1} of {TRIES}",
            seed=crashed.seed + number,
            without=True,
            more=more,
        )
        if control.crashed:
            reason = f"control {number + 1} of {TRIES} crashed too"
            control.excuse, control.problems = "it is the control", []
            with_us, without = crashes(runner.outcomes, False), crashes(runner.outcomes, True)
            if likelihood(with_us, without) < LIKELY:
                crashed.problems.append(
                    f"{with_us[0]} of {with_us[1]} batches crashed with hpystate, {without[0]} of "
                    f"{without[1]} without: too many to be CPython's own"
                )
                return False
            crashed.excuse, crashed.problems = reason, []
            return True
    return False


def crashes(outcomes: list[Outcome], without: bool) -> tuple[int, int]:
    """How many batches of the churn crashed, and how many there were."""
    batches = [each for each in outcomes if each.scenario == "churn" and each.without == without]
    return sum(each.crashed for each in batches), len(batches)


def likelihood(ours: tuple[int, int], theirs: tuple[int, int]) -> float:
    """How likely so many crashes of ours or more are if hpystate changes nothing, where these and
    theirs together are given: Fisher's exact test, one-sided."""
    (crashed, batches), (others, controls) = ours, theirs
    both = crashed + others
    ways = (
        math.comb(batches, k) * math.comb(controls, both - k)
        for k in range(crashed, min(batches, both) + 1)
    )
    return sum(ways) / math.comb(batches + controls, both)


def judge_growth(growth: dict[str, float]) -> list[str]:
    """The problem, if memory grows by more with hpystate; also where it shrinks without."""
    ours, theirs = growth["with"], growth["without"]
    if growth["batches"] < PAIRS or ours <= theirs * (1 + TOLERANCE) + SLACK:
        return []
    return [
        f"memory grows by {ours / 1024:.0f} KiB an interpreter, {theirs / 1024:.0f} KiB "
        "without hpystate"
    ]


def growth_text(growth: dict[str, float]) -> str:
    judged = "" if growth["batches"] >= PAIRS else ": too few to judge"
    return (
        f"the churn's memory grows by {growth['with'] / 1024:.0f} KiB an interpreter, by "
        f"{growth['without'] / 1024:.0f} KiB without hpystate ({growth['batches']} pairs{judged})"
    )


# ---- what is reported --------------------------------------------------------------------------


def totals(outcomes: list[Outcome]) -> dict[str, dict[str, Any]]:
    """The counts of each scenario, added up over its processes."""
    found: dict[str, dict[str, Any]] = {}
    for outcome in outcomes:
        name = outcome.scenario + (" without hpystate" if outcome.without else "")
        row = found.setdefault(name, {"processes": 0, "crashes": 0, "seeds": []})
        row["processes"] += 1
        row["crashes"] += outcome.result is None
        row["excused"] = row.get("excused", 0) + bool(outcome.excuse)
        row["seeds"].append(outcome.seed)
        for key, value in (outcome.result or {}).items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                continue
            if key in ("seed", "threads", "resident", "places"):
                continue
            row[key] = row.get(key, 0) + value
    for row in found.values():
        row["seeds"] = row["seeds"][:20]
    return found


def stepped_around(rows: dict[str, dict[str, Any]]) -> list[str]:
    """What was done so that a fault of CPython's is not taken for ours; empty where it has none."""

    def count(name: str) -> int:
        return sum(row.get(name, 0) for row in rows.values())

    texts = []
    if ended := count("gh_157519"):
        texts.append(
            f"worked around: {ended:,} interpreters were ended on another thread than their first, "
            "with a thread state of that thread. With the interpreter's first thread state CPython "
            "would destroy no collected object if this thread's stack is at lower addresses "
            "(gh-157519)"
        )
    if replaced := count("one_at_a_time"):
        texts.append(
            f"worked around: the churn replaced {replaced:,} interpreters one at a time, with "
            "hpystate and without. CPython without the GIL may crash where an interpreter is made "
            "while another one imports (gh-129824): that is not tried"
        )
    for name, row in rows.items():
        if excused := row.get("excused", 0):
            texts.append(
                f"not counted as passed: {excused:,} of {row['processes']:,} processes of {name} "
                "crashed, as CPython without the GIL does without hpystate too (gh-129824)"
            )
    stuck = "stuck in Py_FinalizeEx"
    if count(stuck) or count(f"{stuck} without hpystate"):
        texts.append(
            f"not counted as passed: {count(stuck):,} of {count('ended') + count(stuck):,} "
            "processes waited forever in Py_FinalizeEx, with no frame of hpystate on the stack "
            f"(CPython's locks, faults_thread.cpp); {count(f'{stuck} without hpystate'):,} of "
            f"{count('processes without hpystate'):,} without hpystate"
        )
    return texts


def show(console: Console, rows: dict[str, dict[str, Any]]) -> None:
    table = Table(title=f"stress, CPython {sys.version.split()[0]}")
    table.add_column("scenario")
    for heading in ("processes", "seconds", "interpreters", "checked", "wrong", "objects lost"):
        table.add_column(heading, justify="right")
    for name, row in rows.items():
        table.add_row(
            name,
            f"{row['processes']:,}",
            f"{row.get('seconds', 0):,.0f}",
            f"{row.get('interpreters', 0):,}",
            f"{row.get('checked', 0):,}",
            f"{row.get('wrong', 0):,}",
            f"{row.get('made', 0) - row.get('destroyed', 0):,} of {row.get('made', 0):,}",
        )
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(
        description="Runs scenarios that try to crash hpystate or make it lose objects."
    )
    parser.add_argument("--only", metavar="SCENARIO", choices=[*SHARES, "faults", "flat"])
    parser.add_argument(
        "--seconds", type=float, help="for all scenarios together; 600, or 60 if quick or sanitized"
    )
    parser.add_argument("--quick", action="store_true", help="every scenario, about two minutes")
    parser.add_argument(
        "--beside", action="store_true", help="other work runs beside: without scenario cost"
    )
    parser.add_argument(
        "--seed", type=int, help="of the first process; default: random, and printed"
    )
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--interpreters", type=int, default=0, help="at least so many in the churn")
    parser.add_argument(
        "--loads", type=int, default=0, help="at least so many checked loads in the churn"
    )
    parser.add_argument(
        "--controls", type=int, default=5, help="batches of the churn repeated without hpystate"
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=BUILD / "stress" / "results",
        help="where the numbers are written; default: the build. stress/results has those that"
        " docs/results.md shows",
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="a PNG of the memory")
    parser.add_argument(
        "--program", type=Path, help="the stress program; default: that of the build"
    )
    options = parser.parse_args()
    if problem := problem_with_plot(options.plot, SANITIZED):
        parser.error(problem)
    if options.seconds is None:
        options.seconds = 60 if options.quick or SANITIZED else 600
    if options.quick:
        options.controls = 1
    if SANITIZED:
        options.controls = 0
    if options.seed is None:
        options.seed = random.SystemRandom().randrange(1, 1 << 32)
    return run(options)


def problem_with_plot(plot: Path | None, sanitized: str | None) -> str:
    """Why no plot can be written to the file at the end, found before anything runs; or ""."""
    if plot is None:
        return ""
    if sanitized:
        return f"--plot: memory is not measured under a sanitizer ({sanitized}); leave it out"
    if plot.is_dir() or not os.access(plot if plot.exists() else plot.parent, os.W_OK):
        return f"--plot: {plot} cannot be written; name a file in a folder that can be written to"
    if importlib.util.find_spec("matplotlib") is None:
        return "--plot: the package matplotlib is missing; install it with pip"
    return ""


def run(options: argparse.Namespace) -> int:
    console = Console(width=110)  # a file or a pipe has no width
    program = options.program or BUILD / "stress" / "stress"
    chosen = chosen_scenarios(options.only, SANITIZED, options.beside)
    whole = sum(SHARES[name] for name in chosen) or 1
    problems: list[str] = []
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        TextColumn("seed {task.fields[seed]}"),
    )
    console.print(f"seed {options.seed}, {options.threads} threads", highlight=False)
    with Progress(*columns, console=console) as progress:
        runner = Runner(program, options, progress)
        for name in chosen:
            seconds = max(options.seconds * SHARES[name] / whole, LEAST)
            if name == "churn":
                problems += churn(runner, seconds)
            else:
                runner.run(name, seconds)
    if options.only == "flat" or (options.only is None and not options.quick and not SANITIZED):
        target = options.results / f"{version_name()}-flat.json"
        problems += measure(program, target, console.print)
        if not chosen:
            console.print("\n".join(problems) or "flat: ok", highlight=False)
            return 1 if problems else 0
    for outcome in runner.outcomes:
        for problem in outcome.problems:
            problems.append(f"{outcome.scenario}, seed {outcome.seed}: {problem}")
        if outcome.problems:
            problems.append(f"to repeat: {' '.join(outcome.command)}")
    rows = totals(runner.outcomes)
    show(console, rows)
    for text in stepped_around(rows):
        console.print(text, highlight=False)
    if runner.growth:
        console.print(growth_text(runner.growth), highlight=False)
    save(options, rows, problems, runner)
    for problem in problems:
        console.print(problem, style="red", highlight=False, markup=False)
    console.print(f"stress: {'FAILED' if problems else 'ok'}", highlight=False)
    return 1 if problems else 0


def version_name() -> str:
    """What results are named after: 3.12, 3.13t."""
    abi_flags: str = sysconfig.get_config_var("ABIFLAGS") or ""
    return f"{sys.version_info[0]}.{sys.version_info[1]}{abi_flags}"


def save(
    options: argparse.Namespace,
    rows: dict[str, dict[str, Any]],
    problems: list[str],
    runner: Runner,
) -> None:
    name = version_name()
    name += (f"-{options.only}" if options.only else "") + ("-quick" if options.quick else "")
    options.results.mkdir(parents=True, exist_ok=True)
    summary = {
        "python": sys.version.split()[0],
        "seed": options.seed,
        "threads": options.threads,
        "growth_per_interpreter": runner.growth,
        "scenarios": rows,
        "problems": [problem for problem in problems if not problem.startswith("to repeat")],
    }
    (options.results / f"{name}.json").write_text(json.dumps(summary, indent=1) + "\n")
    if SANITIZED:
        return
    curves = [
        {"scenario": o.scenario, "without": o.without, "seed": o.seed, "memory": o.memory}
        for o in runner.outcomes
    ]
    # Not "-memory": with it the curves of "faults" would have the name of "faults-memory"'s result.
    (options.results / f"{name}-curves.json").write_text(json.dumps(curves) + "\n")
    if options.plot is not None:
        from curves import draw  # imports matplotlib, which nothing else here needs

        draw(runner.outcomes, options.plot)


if __name__ == "__main__":
    sys.exit(main())
