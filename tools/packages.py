"""packages.py [--only NAME...]: unmodified packages in private images, as pip installs them.

    make packages                                       all of the list
    make packages ARGS="--quick"                        eight, one for each kind of module
    make packages ARGS="--only numpy lxml --cycles 20"  interpreters that begin and end 20 times

Installs the pinned versions of tests/packages/packages.json into an environment of its own
(build/packages-3.X, which is kept) with the Python that runs this. Each package then has four child
processes: its workload in the main interpreter; in eight interpreters with GILs of their own at
once, with private images and main at work beside them; and twice more as controls, without images:
CPython as it is, and with CPython's check switched off. Each result is compared with main's.

--write puts what was found into tests/packages/results/3.X.json, with --only or --quick into the
rows that are there, and what is right into hpystate's own table of packages;
`tools/tables.py --write` then makes the tables of docs/packages.md. Logs are in
build/packages-3.X/logs. The network is needed for what is not installed yet.

Exit status 0: with private images all results of all packages are main's, but for packages that
hpystate's table refuses, which are refused; 1: stderr names the packages where they are not; 2: it
could not run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

import doctor_packages
import packages_tested
from package_rows import FOLDER, LIST, ROOT, Listed, Row, read
from package_trials import SITUATIONS, Setting, attempt, environment_of

RESULTS = FOLDER / "results"
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
HEADINGS = ("package", "version", *SITUATIONS.values(), "s")
#: What a row of the results holds besides; the same in all rows, or they are not put together.
MACHINE = ("python", "hpystate", "machine", "interpreters")


class CannotRun(Exception):
    """Why nothing can be tried, with what to type next."""


def parse(arguments: list[str], listed: Listed) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--only", nargs="+", metavar="NAME", help="these of the list")
    some.add_argument("--quick", action="store_true", help=f"these: {', '.join(listed.quick)}")
    parser.add_argument(
        "--cycles", type=int, default=1, metavar="N", help="interpreters one after the other (1)"
    )
    parser.add_argument(
        "--interpreters", type=int, default=8, metavar="N", help="interpreters at once (8)"
    )
    parser.add_argument("--without-controls", action="store_true", help="with images only")
    parser.add_argument("--write", action="store_true", help="write the results")
    options = parser.parse_args(arguments)
    names = options.only or (listed.quick if options.quick else listed.rows)
    options.names = list(dict.fromkeys(names))
    if unknown := [name for name in options.names if name not in listed.rows]:
        parser.error(f"--only {' '.join(unknown)}: names in {LIST.relative_to(ROOT)} were expected")
    for option in ("cycles", "interpreters"):
        if getattr(options, option) < 1:
            parser.error(f"--{option} {getattr(options, option)}: 1 or more was expected")
    if options.write and options.cycles > 1:
        parser.error(f"--write: one cycle was expected, not {options.cycles}; leave out --cycles")
    return options


# ---- the environment ---------------------------------------------------------------------------
def install(rows: list[Row], folder: Path) -> Path:
    """The Python of the environment; what has the pinned version already is not installed again.
    Packages that pip cannot install are missing then, and have a row that names it."""
    pins = folder.with_suffix(".pins.txt")
    pins.parent.mkdir(parents=True, exist_ok=True)
    pins.write_text("".join(f"{row.requirement}\n" for row in rows))
    os.environ["PIP_CONSTRAINT"] = str(pins)
    python = doctor_packages.install([], folder)
    missing = missing_of(rows, python)
    beside = [each for row in missing for each in row.beside]
    try:
        doctor_packages.install([*(row.requirement for row in missing), *beside], folder)
    except subprocess.CalledProcessError:
        print("packages: pip refused some; now one after the other", flush=True)
        for row in missing:
            try:
                doctor_packages.install([row.requirement, *row.beside], folder)
            except subprocess.CalledProcessError as error:
                print(f"packages: {row.requirement}: pip ended with {error.returncode}", flush=True)
    return python


def missing_of(rows: list[Row], python: Path) -> list[Row]:
    there = doctor_packages.versions(python)
    return [row for row in rows if there.get(row.name.lower().replace("_", "-")) != row.version]


def check(setting: Setting) -> str:
    """The version of hpystate. Raises CannotRun where images cannot be made."""
    code = (
        "import hpystate, hpystate._images as i; print(hpystate.__version__); "
        "why = i.available(); raise SystemExit(why)"
    )
    result = subprocess.run(
        [str(setting.python), "-c", code],
        env=os.environ | setting.environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        last = (result.stderr.strip().splitlines() or ["nothing was written"])[-1]
        raise CannotRun(f"no private images with {setting.python}: {last}. Type: make packages")
    return result.stdout.strip()


# ---- rows --------------------------------------------------------------------------------------
def try_row(setting: Setting, row: Row, situations: list[str]) -> dict[str, Any]:
    """What each situation gave. Without results of main there is nothing to compare with."""
    main = attempt(setting, row, "main", {})
    given = {key: main.pop(key, []) for key in ("expected", "isolate")}
    found: dict[str, Any] = {
        "version": row.version,
        "kind": row.kind,
        "modules": list(row.modules),
        "empty": list(row.empty),
        "expected": "refused" if row.refused else "right",
        "isolated": [*given["isolate"], *setting.standard],
        "date": datetime.datetime.now(tz=datetime.UTC).date().isoformat(),
        "main": main,
    }
    if main["outcome"] == "right":
        for situation in situations:
            found[situation] = attempt(setting, row, situation, given)
    return found


def is_right(found: dict[str, Any]) -> bool:
    """As it should be; a package of the table of those that are refused is refused."""
    return found.get("images", {}).get("outcome") == found["expected"]


def cell(found: dict[str, Any], situation: str) -> str:
    """What a situation gave, in a few words."""
    part = found.get(situation)
    if part is None:
        return "main failed" if found["main"]["outcome"] != "right" else "-"
    numbers = f" {part['right']:,}" if part["outcome"] == "right" else ""
    if part["outcome"] == "wrong":
        numbers = f" {part['wrong']:,} of {part['wrong'] + part['right']:,}"
    return f"{part['outcome']}{numbers}"


def detail(found: dict[str, Any]) -> str:
    part = found["main"] if found["main"]["outcome"] != "right" else found["images"]
    return f"{part['outcome']}: {part['detail']}"


def machine() -> str:
    libc = " ".join(platform.libc_ver())
    return f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}, {libc}"


def merged(document: dict[str, Any], file: Path, listed: Listed) -> dict[str, Any]:
    """The document with the rows of the file that it does not have. Raises CannotRun where they are
    of another machine or version."""
    if not file.exists():
        return document
    before = json.loads(file.read_text())
    for key in MACHINE:
        if before[key] != document[key]:
            raise CannotRun(
                f"{os.path.relpath(file)} has rows of {key} {before[key]!r}, this run is "
                f"{document[key]!r}. Type: make packages ARGS=--write"
            )
    packages = before["packages"] | document["packages"]
    ordered = {name: packages[name] for name in listed.rows if name in packages}
    return document | {"packages": ordered}


def write(document: dict[str, Any], file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(document, indent=1) + "\n")
    print(f"written: {os.path.relpath(file)}; now tools/tables.py --write")


def run(options: argparse.Namespace, listed: Listed, setting: Setting, hpystate: str) -> int:
    """Tries the rows that were chosen, prints them as they come, and returns the exit status."""
    rows = [listed.rows[name] for name in options.names]
    here = [row for row in rows if VERSION not in row.not_on]
    absent = {row.name for row in missing_of(here, setting.python)}
    document: dict[str, Any] = {
        "python": platform.python_version(),
        "hpystate": hpystate,
        "machine": machine(),
        "interpreters": setting.interpreters,
        "packages": {},
    }
    file, whole = RESULTS / f"{VERSION}.json", not (options.only or options.quick)
    if options.write and not whole:
        merged(document, file, listed)  # before minutes are spent on rows that cannot be written
    situations = ["images"] if options.without_controls else list(SITUATIONS)
    problems = [
        f"{row.name}: pip did not install {row.requirement}" for row in here if row.name in absent
    ]
    for number, row in enumerate(rows, start=1):
        head = f"[{number}/{len(rows)}] {row.name} {row.version}"
        if VERSION in row.not_on:
            print(f"{head}: left out on {VERSION}: {row.not_on[VERSION]}", flush=True)
            continue
        if row.name in absent:
            continue
        found = document["packages"][row.name] = try_row(setting, row, situations)
        cells = "; ".join(f"{SITUATIONS[each]}: {cell(found, each)}" for each in situations)
        print(f"{head}: {cells}", flush=True)
        if not is_right(found):
            known = f" (known: {row.open[VERSION]})" if VERSION in row.open else ""
            problems.append(f"{row.name} {row.version}: {detail(found)}{known}")
    if options.write:
        write(document if whole else merged(document, file, listed), file)
        packages_tested.write(document)
    for problem in problems:
        print(f"packages: {problem}", file=sys.stderr)
    tried = len(document["packages"])
    print(f"{tried - sum(not is_right(f) for f in document['packages'].values())} of {tried} right")
    return int(bool(problems))


def main(arguments: list[str]) -> int:
    listed = read()
    options = parse(arguments, listed)
    folder = ROOT / "build" / f"packages-{VERSION}"
    rows = [listed.rows[name] for name in options.names]
    logs = folder / "logs"
    try:
        python = install([row for row in rows if VERSION not in row.not_on], folder)
        logs.mkdir(exist_ok=True)
        setting = Setting(
            python,
            logs,
            options.interpreters,
            cycles=options.cycles,
            limit=180.0 + 20.0 * options.cycles,
            standard=listed.standard.get(VERSION, ()),
            environment=environment_of(logs),
        )
        return run(options, listed, setting, check(setting))
    except subprocess.CalledProcessError as error:
        print(f"packages: {' '.join(error.cmd[:4])} failed; see above", file=sys.stderr)
    except CannotRun as error:
        print(f"packages: {error}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
