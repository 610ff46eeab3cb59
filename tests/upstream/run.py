"""run.py: runs HPy's own suite against this runtime, in interpreters of three kinds.

    make test-upstream                                   all of it, on the chosen Python
    make test-upstream ARGS="--kind own-gil --abi debug" a part
    make test-upstream ARGS="--headers hpystate"         its extensions compiled with our headers
    make test-upstream ARGS="-- -k field"                what follows -- is pytest's

kinds   main      the main interpreter
        legacy    a subinterpreter that shares the main interpreter's GIL
        own-gil   a subinterpreter with a GIL of its own; pytest itself runs there too
The ABI cpython is compiled with our headers in every run: with upstream's it uses no runtime.
A full run with upstream's headers writes <X.Y>.json, or <X.Y>t.json without the GIL, into the build
folder. `--results tests/upstream/results` writes what docs/results.md shows (tools/tables.py).

A crash costs the test that ran: it is reported, and the rest of its part runs in a new process.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import sysconfig
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from guest import KINDS
from suite import ABIS, OWN_HEADERS, TESTS, parts, prepare

import hpystate
from hpystate.build import Headers

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


def environment_for(kind: str, folder: Path, abis: list[str], pipe: int) -> dict[str, str]:
    environment = dict(os.environ)
    package = Path(hpystate.__file__).absolute().parents[1]  # not resolved: files may be links
    paths = [HERE / "site", package, folder, HERE]
    environment["PYTHONPATH"] = os.pathsep.join(map(str, paths))
    environment["HPYSTATE_SUITE_KIND"] = kind
    environment["HPYSTATE_SUITE_PYTHON"] = sys.executable
    environment["HPYSTATE_SUITE_ABIS"] = ",".join(abis)
    environment["HPYSTATE_SUITE_PIPE"] = str(pipe)
    if kind == "own-gil":  # hybrid modules say that they share a GIL, unless told otherwise
        environment["HPYSTATE_INTERPRETERS"] = "*=own-gil"
    if sysconfig.get_config_var("Py_GIL_DISABLED"):
        # No module declares that it needs no GIL; the warning that one brings it back would be in
        # the output that tests compare.
        environment["PYTHON_GIL"] = "0"
    return environment


def run_once(
    kind: str, folder: Path, abis: list[str], arguments: list[str], results: Results
) -> str | None:
    """One process; the test that it died in, "" where it died in none, None where it came home."""
    read_end, write_end = os.pipe()
    command = [sys.executable, str(HERE / "child.py"), kind, *arguments, "-q"]
    command += ["-p", "expectations", "-p", "no:cacheprovider", "-p", "no:xdist"]
    command += ["-p", "no:faulthandler"]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment_for(kind, folder, abis, write_end),
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
        results.broken.append(f"{kind}, exit status {status}:\n{''.join(output)[-KEPT:]}")
    return ""


def run_part(
    kind: str, folder: Path, abis: list[str], arguments: list[str], results: Results
) -> None:
    done: list[str] = []
    while True:
        died_in = run_once(kind, folder, abis, [*arguments, *done], results)
        if not died_in:
            return
        with LOCK:
            ended = [test for (test, _) in results.tests]
        done = [f"--deselect={test}" for test in ended]


def parse(arguments: list[str]) -> tuple[argparse.Namespace, list[str]]:
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    own, passed_on = arguments[:cut], arguments[cut + 1 :]
    parser = argparse.ArgumentParser(prog="make test-upstream ARGS=")
    parser.add_argument("--kind", action="append", choices=KINDS, help="default: all")
    parser.add_argument("--abi", action="append", choices=ABIS, help="default: all")
    parser.add_argument("--file", action="append", help="test/test_x.py; default: all")
    parser.add_argument(
        "--headers",
        choices=("upstream", "hpystate"),
        default="upstream",
        help="what the tests' extensions are compiled with; default: upstream",
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
    return parser.parse_args(own), passed_on


def write_results(everything: dict[str, Results], folder: Path) -> None:
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    version += sysconfig.get_config_var("ABIFLAGS") or ""  # 3.13t
    document = {
        kind: {
            "counts": results.counts(),
            "skipped": {test: why for test, _, why in results.of("skipped")},
        }
        for kind, results in everything.items()
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{version}.json").write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def lost(results: Results) -> list[str]:
    """After a run of all tests of a kind: the ABIs in which some tests had no outcome."""
    found = {abi: sum(counts.values()) for abi, counts in results.counts().items()}
    return [
        f"{abi}: {found.get(abi, 0)} tests had an outcome, the suite has {TESTS.get(abi, 0)}"
        for abi in ABIS
        if found.get(abi, 0) != TESTS.get(abi, 0)
    ]


def show(kind: str, results: Results) -> bool:
    """Prints the outcomes of one kind; whether all is well."""
    for test, outcome, reason in results.of("failed", "crashed"):
        print(f"\n---- {kind}: {outcome}: {test}\n{reason}")
    for text in results.broken:
        print(f"\n---- {kind}: a part could not run:\n{text}")
    if results.seen != {kind}:
        results.broken.append(f"{kind}: pytest ran in {sorted(results.seen)}")
        print(results.broken[-1])
    for text in results.leaks:
        print(f"\n---- {kind}: hpystate lost memory:\n{text}")
    if "HPYSTATE_SUITE_LEAKS" in os.environ:
        print(f"{kind:8} leaks: {len(results.leaks)}, looked for in {results.looked} processes")
        if results.looked == 0:
            results.broken.append("nobody looked for leaks")
    for abi, counts in results.counts().items():
        numbers = ", ".join(f"{number} {outcome}" for outcome, number in counts.items())
        print(f"{kind:8} {abi:14} {numbers}")
    return not (results.of("failed", "crashed") or results.broken or results.leaks)


def folders(headers: Headers, abis: list[str]) -> list[tuple[Path, list[str]]]:
    """The suites to run, with the ABIs that each runs: upstream's headers and ours are in different
    copies."""
    own = [abi for abi in abis if abi in OWN_HEADERS]
    others = [abi for abi in abis if abi not in OWN_HEADERS]
    found: list[tuple[Path, list[str]]] = []
    if others:
        found.append((prepare(headers), others))
    if own:
        found.append((prepare("hpystate"), own))
    return found


def main(arguments: list[str]) -> int:
    options, passed_on = parse(arguments)
    if options.leaks:
        os.environ["HPYSTATE_SUITE_LEAKS"] = "1"  # child.py reads it
    kinds = options.kind or list(KINDS)
    abis = options.abi or list(ABIS)
    everything = {kind: Results() for kind in kinds}
    with ThreadPoolExecutor(options.jobs) as pool:
        waiting = [
            pool.submit(run_part, kind, folder, some, [*pile, *passed_on], everything[kind])
            for folder, some in folders(options.headers, abis)
            for kind in kinds
            for pile in ([options.file] if options.file else parts(folder, options.jobs))
        ]
        for each in waiting:
            each.result()
    whole = not (options.abi or options.file or passed_on)  # of each kind
    if whole:
        for kind in kinds:
            everything[kind].broken += lost(everything[kind])
    good = [show(kind, everything[kind]) for kind in kinds]
    if not any(results.tests for results in everything.values()):
        print("test-upstream: no test was selected")
        return 2
    full = whole and not options.kind
    if full and all(good) and not options.leaks and options.headers == "upstream":
        write_results(everything, options.results)
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
