"""run.py: runs HPy's own suites against this runtime, in interpreters of three kinds.

    make test-upstream                                   all of it, on the chosen Python
    make test-upstream ARGS="--kind own-gil --abi debug" a part
    make test-upstream ARGS="--without cpython/legacy"   all but one ABI in one kind of interpreter
    make test-upstream ARGS="--release 0.0.4"            that of one release; otherwise all are run
    make test-upstream ARGS="--headers hpystate"         0.9's extensions compiled with our headers
    make test-upstream ARGS="-- -k field"                what follows -- is pytest's

kinds   main      the main interpreter
        legacy    a subinterpreter that shares the main interpreter's GIL
        own-gil   a subinterpreter with a GIL of its own; pytest itself runs there too
The ABI cpython is compiled with our headers in every run: with upstream's it uses no runtime.
A full run with upstream's headers writes <X.Y>.json, or <X.Y>t.json without the GIL, into the build
folder: what it has of each release that was run is replaced. `--results tests/upstream/results`
writes what docs/results.md shows (tools/tables.py). What is left out: left_out.toml.

A crash costs the test that ran: it is reported, and the rest of its part runs in a new process.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from guest import KINDS
from suite import ABIS, OWN_HEADERS, SUITES, Suite, abis_of, folder_of, parts, test_files

import hpystate

HERE = Path(__file__).resolve().parent
#: Set by tools/setup.sh.
BUILD = Path(os.environ.get("HPYSTATE_BUILD", "build"))
SECONDS = 900  # for one part
GRACE = 20  # to show the stacks
KEPT = 8000  # of what a process wrote that died; the stack of a test is 3,000 long
LOCK = threading.Lock()


@dataclass
class Results:
    """The outcomes of the tests of one kind: (test, ABI) -> (outcome, reason)."""

    tests: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    broken: list[str] = field(default_factory=list)  # parts that pytest could not run
    leaks: list[str] = field(default_factory=list)
    looked: int = 0  # processes that looked for leaks
    seen: set[str] = field(default_factory=set)  # kinds of interpreter that pytest found itself in

    def counts(self) -> dict[str, dict[str, int]]:
        table: dict[str, Counter[str]] = {}
        for (_, abi), (outcome, _) in self.tests.items():
            table.setdefault(abi, Counter())[outcome] += 1
        return {abi: dict(sorted(table[abi].items())) for abi in ABIS if abi in table}

    def of(self, *outcomes: str) -> list[tuple[str, str, str]]:
        found = self.tests.items()
        return sorted((test, out, why) for (test, _), (out, why) in found if out in outcomes)


@dataclass
class Job:
    """The tests of one release, in interpreters of one kind."""

    suite: Suite
    kind: str
    folder: Path
    abis: list[str]
    results: Results = field(default_factory=Results)

    def __str__(self) -> str:
        return f"{self.kind:8} HPy {self.suite.release}"


def environment_for(job: Job, pipe: int) -> dict[str, str]:
    environment = dict(os.environ)
    package = Path(hpystate.__file__).absolute().parents[1]  # not resolved: files may be links
    paths = [HERE / "site", package, job.folder, HERE]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    environment["HPYSTATE_SUITE_RELEASE"] = job.suite.release
    environment["HPYSTATE_SUITE_KIND"] = job.kind
    environment["HPYSTATE_SUITE_PYTHON"] = sys.executable
    environment["HPYSTATE_SUITE_ABIS"] = ",".join(job.abis)
    environment["HPYSTATE_SUITE_PIPE"] = str(pipe)
    if job.kind == "own-gil":  # hybrid modules say that they share a GIL, unless told otherwise
        environment["HPYSTATE_INTERPRETERS"] = "*=own-gil"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        # No module declares that it needs no GIL; the warning that one brings it back would be in
        # the output that tests compare.
        environment["PYTHON_GIL"] = "0"
    return environment


def run_once(job: Job, arguments: list[str]) -> str | None:
    """One process; the test that it died in, "" where it died in none, None where it came home."""
    results = job.results
    read_end, write_end = os.pipe()
    command = [sys.executable, str(HERE / "child.py"), job.kind, *arguments, "-q"]
    command += ["-p", "expectations", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "no:faulthandler"]
    for plugin in job.suite.plugins:
        command += ["-p", plugin]
    process = subprocess.Popen(
        command,
        cwd=job.folder,
        env=environment_for(job, write_end),
        pass_fds=[write_end],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    os.close(write_end)
    output: list[str] = []
    stream = process.stdout
    drain = threading.Thread(target=lambda: output.append(stream.read()))
    drain.start()
    # child.py shows the stacks of all threads; what does not hear that is killed.
    limits = [
        threading.Timer(SECONDS, process.send_signal, [signal.SIGABRT]),
        threading.Timer(SECONDS + GRACE, process.kill),
    ]
    for limit in limits:
        limit.start()
    running: tuple[str, str] | None = None
    with os.fdopen(read_end) as pipe:
        for line in pipe:
            event = json.loads(line)
            if event["event"] == "session":
                with LOCK:
                    results.seen.add(event["kind"])
                continue
            if event["event"] in ("leak", "looked for leaks"):
                with LOCK:
                    results.looked += event["event"] != "leak"
                    results.leaks += [event["text"]] if "text" in event else []
                continue
            key = (event["test"], event["abi"])
            running = key if event["event"] == "start" else None
            if running is None:
                with LOCK:
                    results.tests[key] = (event["outcome"], event["reason"])
    status = process.wait()
    for limit in limits:
        limit.cancel()
    drain.join()
    if running is not None:
        with LOCK:
            results.tests[running] = ("crashed", f"exit status {status}\n{''.join(output)[-KEPT:]}")
        return running[0]
    if status == 0:
        return None
    with LOCK:
        results.broken.append(f"{job}, exit status {status}:\n{''.join(output)[-KEPT:]}")
    return ""


def run_part(job: Job, arguments: list[str]) -> None:
    done: list[str] = []
    while True:
        died_in = run_once(job, [*arguments, *done])
        if not died_in:
            return
        with LOCK:
            ended = [test for (test, _) in job.results.tests]
        done = [f"--deselect={test}" for test in ended]


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    own, passed_on = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(prog="make test-upstream ARGS=")
    parser.add_argument("--release", action="append", choices=list(SUITES), help="default: all")
    parser.add_argument("--kind", action="append", choices=KINDS, help="default: all")
    parser.add_argument("--abi", action="append", choices=ABIS, help="default: all")
    parser.add_argument(
        "--without",
        action="append",
        default=[],
        choices=[*ABIS, *(f"{abi}/{kind}" for abi in ABIS for kind in KINDS)],
        metavar="ABI[/KIND]",
        help="an ABI to leave out, of all kinds or of one: cpython, cpython/legacy",
    )
    parser.add_argument("--file", action="append", help="test/test_x.py; default: all")
    parser.add_argument(
        "--headers",
        choices=("upstream", "hpystate"),
        default="upstream",
        help="what the tests' extensions are compiled with; default: upstream. Ours: 0.9.0 only",
    )
    parser.add_argument(
        "--leaks",
        action="store_true",
        help="under AddressSanitizer: memory that we lost is an error",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FOLDER",
        default=BUILD / "upstream" / "results",
        help="where the numbers are written; default: the build. tests/upstream/results has those"
        " that docs/results.md shows",
    )
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1))
    options = parser.parse_args(own)
    able = [name for name, suite in SUITES.items() if options.headers in suite.headers]
    for name in options.release or ():
        if name not in able:
            parser.error(
                f"--headers {options.headers}: they are not those of HPy {name}; with them "
                f"--release {' or '.join(able)} was expected"
            )
    options.release = options.release or able
    return options, passed_on


def chosen(options: argparse.Namespace, kind: str) -> list[str]:
    """The ABIs to run in interpreters of a kind."""
    left = set(options.without)
    every = [abi for abi in ABIS if abi not in left and f"{abi}/{kind}" not in left]
    return [abi for abi in every if abi in (options.abi or every)]


def folders(options: argparse.Namespace, release: str, kind: str) -> list[tuple[Path, list[str]]]:
    """Where a release's suite is run, and with which ABIs there. Upstream's headers and ours are in
    different copies of it."""
    wanted = [abi for abi in chosen(options, kind) if abi in abis_of(release)]
    own = [abi for abi in wanted if abi in OWN_HEADERS or options.headers == "hpystate"]
    others = [abi for abi in wanted if abi not in own]
    found = [(folder_of(release, "upstream"), others)] if others else []
    return [*found, (folder_of(release, "hpystate"), own)] if own else found


def make_jobs(options: argparse.Namespace) -> list[tuple[Job, list[list[str]]]]:
    """The jobs, each with the files of its parts. Jobs of one release and kind share their
    results."""
    found = []
    for release, kind in itertools.product(options.release, options.kind or KINDS):
        results = Results()
        for folder, abis in folders(options, release, kind):
            every = test_files(folder, release)
            files = [file for file in every if file in (options.file or every)]
            piles = [files] if options.file else parts(files, folder, options.jobs)
            job = Job(SUITES[release], kind, folder, abis, results)
            found.append((job, piles if files else []))
    return found


def write_results(jobs: list[Job], folder: Path) -> None:
    """Keeps what the file has of releases that were not run."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    version += sysconfig.get_config_var("ABIFLAGS") or ""  # 3.13t
    file = folder / f"{version}.json"
    document = json.loads(file.read_text()) if file.is_file() else {}
    for job in jobs:
        document.setdefault(job.suite.release, {})[job.kind] = {
            "counts": job.results.counts(),
            "skipped": {test: why for test, _, why in job.results.of("skipped")},
        }
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def lost(job: Job, abis: Sequence[str] = ABIS) -> list[str]:
    """After a run of all tests of some ABIs: those of them in which some tests had no outcome."""
    found = {abi: sum(counts.values()) for abi, counts in job.results.counts().items()}
    has = job.suite.tests
    return [
        f"{abi}: {found.get(abi, 0)} tests had an outcome, the suite has {has.get(abi, 0)}"
        for abi in abis
        if found.get(abi, 0) != has.get(abi, 0)
    ]


def show(job: Job) -> bool:
    """Prints the outcomes of a job; whether all is well."""
    results = job.results
    for test, outcome, reason in results.of("failed", "crashed"):
        print(f"\n---- {job}: {outcome}: {test}\n{reason}")
    for text in results.broken:
        print(f"\n---- {job}: a part could not run:\n{text}")
    if results.seen != {job.kind}:
        results.broken.append(f"{job}: pytest ran in {sorted(results.seen)}")
        print(results.broken[-1])
    for text in results.leaks:
        print(f"\n---- {job}: hpystate lost memory:\n{text}")
    if "HPYSTATE_SUITE_LEAKS" in os.environ:
        print(f"{job} leaks: {len(results.leaks)}, looked for in {results.looked} processes")
        if results.looked == 0:
            results.broken.append("nobody looked for leaks")
    for abi, counts in results.counts().items():
        numbers = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        print(f"{job} {abi:14} {numbers}")
    return not (results.of("failed", "crashed") or results.broken or results.leaks)


def main(arguments: list[str]) -> int:
    options, passed_on = parse(arguments)
    if options.leaks:
        os.environ["HPYSTATE_SUITE_LEAKS"] = "1"  # child.py reads it
    work = make_jobs(options)
    gone = set(options.file or ()) - {file for _, piles in work for pile in piles for file in pile}
    if gone:
        print(f"test-upstream: no suite of {options.release} runs the file {', '.join(gone)}")
        return 2
    work = [(job, piles) for job, piles in work if piles]
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = [
            pool.submit(run_part, job, [*pile, *passed_on]) for job, piles in work for pile in piles
        ]
        for each in waiting:
            each.result()
    jobs = list({id(job.results): job for job, _ in work}.values())  # one of each release and kind
    whole = not (options.file or passed_on)  # of each ABI and kind
    if whole:
        for job in jobs:
            job.results.broken += lost(job, chosen(options, job.kind))
    good = [show(job) for job in jobs]
    if not any(job.results.tests for job in jobs):
        print("test-upstream: no test was selected")
        return 2
    full = whole and not (options.kind or options.abi or options.without)
    if full and all(good) and not options.leaks and options.headers == "upstream":
        write_results(jobs, options.results)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
