"""wheels.py: a wheel for each Python at hand and the source distribution, tried on bare machines.

    make wheels                                        all rows; it makes chroots, so as root
    make wheels ARGS="--only 3.14 --only sdist"        some
    make wheels ARGS="--only 3.14 --built"             not built again: the one of the last time

For each version tests/wheel/run.py builds the wheel with the Python at hand and checks it
(auditwheel, check-wheel-contents, twine, the stub, every way of building an extension). Then a
chroot of a system that has this version in its own archive (tools/machines.py) gets that Python, a
compiler for the demo's extensions, and nothing else: there a user without root installs the
wheel into an empty environment and runs the test command of cibuildwheel, from pyproject.toml. So
the Python that runs a wheel is another build, mostly of another patch release, than the one it was
compiled with.

The source distribution is built by pip on a Debian 13 that has g++, CMake and Python's headers,
and then runs the same command. pip must be through within two minutes where no other load takes
the processors; the table has the seconds, and in brackets seconds of processors.

HPYSTATE_FRESH=FOLDER keeps the bases of the chroots there. Exit status 0: all rows passed; 1: one
failed; 2: wrong arguments; 3: no chroot can be made here.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from machines import SYSTEMS, Machine, Workshop
from trials import ROOT, Result, attempt_all, print_table, watch

#: Version -> a system that has it. The first version's tools make the source distribution.
SYSTEM_OF = {"3.12": "ubuntu-24.04", "3.13": "debian-13", "3.14": "sid", "3.15": "sid"}
SDIST = "sdist"
SDIST_SYSTEM = "debian-13"
LONGEST_INSTALL = 120.0  # seconds, of pip with the source distribution
QUIET = 1.0  # a higher load average means that others work on this machine too
HEADINGS = ("what", "checks s (cpu)", "system", "its Python", "pip s (cpu)", "isolation", "verdict")


@dataclass
class Row:
    name: str  # a version, or SDIST
    python: str  # that builds it
    checks: str = "-"
    theirs: str = "-"
    install: str = "-"
    isolation: str = "-"
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def system(self) -> str:
        return SDIST_SYSTEM if self.name == SDIST else SYSTEM_OF[self.name]

    def cells(self) -> tuple[str, ...]:
        verdict = "; ".join(self.problems or ["ok", *self.notes])
        middle = (self.checks, self.system, self.theirs, self.install, self.isolation)
        return (self.name, *middle, verdict)


def pythons() -> dict[str, str]:
    """Version -> interpreter, of those that are installed or in the cache of `make matrix`."""
    found: dict[str, str] = {}
    script = ". tools/find-python.sh; all_pythons"
    for version in SYSTEM_OF:
        script += f'; if one=$(cached_python {version}); then echo "{version} $one"; fi'
    result = subprocess.run(
        ["bash", "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True
    )
    for line in result.stdout.splitlines():
        version, _, python = line.partition(" ")
        if version in SYSTEM_OF:
            found.setdefault(version, python)
    return found


def chosen(only: list[str], found: dict[str, str]) -> list[Row]:
    """The rows that --only names. ValueError for any other, and where no Python is at hand."""
    if not found:
        raise ValueError(
            f"no CPython of {', '.join(SYSTEM_OF)} is here; tools/get-python.sh gets one"
        )
    rows = [Row(version, python) for version, python in sorted(found.items())]
    rows.append(Row(SDIST, rows[0].python))
    known = {row.name for row in rows}
    for name in only:
        if name not in known:
            raise ValueError(f"--only {name}: one of {', '.join(sorted(known))} was expected")
    return [row for row in rows if not only or row.name in only]


def test_part() -> tuple[str, str]:
    """What cibuildwheel's containers install besides, and run: (extras, command)."""
    part = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["cibuildwheel"]
    return ",".join(part["test-extras"]), part["test-command"]


def judge_install(row: Row, result: Result, load: float) -> None:
    """Holds the seconds of pip against the bar. Other work on the machine makes it a note."""
    if result.seconds <= LONGEST_INSTALL:
        return
    said = f"pip took {result.seconds:.0f} s, {LONGEST_INSTALL:.0f} were expected"
    if load < QUIET:
        row.problems.append(said)
    else:
        row.notes.append(f"{said}, at a load of {load:.1f}")


class Trial:
    """A row: where its file is made, and what is typed on the machine."""

    def __init__(self, row: Row, log: Path) -> None:
        self.row, self.log = row, log

    def step(self, what: str, command: list[str]) -> Result | None:
        """How the command ended; None where it failed, and the row has the reason."""
        print(f"wheels: {self.row.name}: {what}", flush=True)
        result = watch(command, self.log, f"wheels: {self.row.name}: {what}")
        if result.status != 0:
            self.row.problems.append(f"{what}: ended with status {result.status}")
            return None
        return result

    def make(self, built: bool) -> Path | None:
        """The file to install, built anew unless it is there already."""
        if self.row.name == SDIST:
            return self.make_sdist()
        out = ROOT / "build" / f"test-wheel-{self.row.name}" / "wheel"
        command = [self.row.python, str(ROOT / "tests" / "wheel" / "run.py")]
        if built and (old := list(out.glob("*.whl"))):
            command += ["--wheel", str(old[0])]
        result = self.step("the wheel and its checks", command)
        if result is None:
            return None
        self.row.checks = f"{result.seconds:.0f} ({result.cpu:.0f})"
        (wheel,) = out.glob("*.whl")
        return wheel

    def make_sdist(self) -> Path | None:
        """Out of what is committed: a file that git does not know would be missed elsewhere."""
        with tempfile.TemporaryDirectory(prefix="hpystate-sdist-") as name:
            folder = Path(name)
            clone, tools, out = folder / "clone", folder / "tools", ROOT / "build" / "wheels"
            python = str(tools / "bin" / "python")
            steps = (
                ("a clone", ["git", "clone", "-q", "--no-hardlinks", str(ROOT), str(clone)]),
                ("an environment", [self.row.python, "-m", "venv", str(tools)]),
                ("the package `build`", [python, "-m", "pip", "install", "-q", "build>=1.2"]),
                (
                    "the source distribution",
                    [python, "-m", "build", "--sdist", "--outdir", str(out), str(clone)],
                ),
            )
            if not all(self.step(*step) for step in steps):
                return None
        (file,) = out.glob("*.tar.gz")
        return file

    def install(self, machine: Machine, file: Path) -> bool:
        """Whether pip, as a user, installs the file into an empty environment."""
        extras, _ = test_part()
        python, packages = "python3", "g++ cmake python3-dev python3-venv"
        if self.row.name != SDIST:
            python = f"python{self.row.name}"
            packages = f"g++ {python}-venv"
        apt = f"apt-get -q update && apt-get -q install -y --no-install-recommends {packages}"
        if (
            self.step(
                packages, machine.command("root", f"export DEBIAN_FRONTEND=noninteractive; {apt}")
            )
            is None
        ):
            return False
        self.row.theirs = machine.do(f"{python} -V").split()[-1]
        place = machine.root / "home" / "user" / file.name
        shutil.copy(file, place)
        place.chmod(0o644)
        if (
            self.step("an empty environment", machine.command("user", f"{python} -m venv e"))
            is None
        ):
            return False
        load = os.getloadavg()[0]
        pip = f"e/bin/pip install --disable-pip-version-check './{file.name}[{extras}]'"
        result = self.step("pip", machine.command("user", pip))
        if result is None:
            return False
        self.row.install = f"{result.seconds:.0f} ({result.cpu:.0f})"
        if self.row.name == SDIST:
            judge_install(self.row, result, load)
        return True

    def isolate(self, machine: Machine) -> None:
        _, command = test_part()
        result = self.step(command, machine.command("user", f"e/bin/{command}"))
        if result is None:
            return
        self.row.isolation = "ok" if b"isolation: ok" in result.output else "-"
        if self.row.isolation != "ok":
            self.row.problems.append(f"{command} did not print 'isolation: ok'")


def attempt(row: Row, workshop: Workshop, options: argparse.Namespace, log: Path) -> None:
    trial = Trial(row, log)
    file = trial.make(options.built)
    if file is None:
        return
    print(f"wheels: {row.name}: making a {row.system}", flush=True)
    base = workshop.base(SYSTEMS[row.system])
    with workshop.copy(base, f"wheels-{row.name}") as machine:
        if trial.install(machine, file):
            trial.isolate(machine)


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="make wheels", description="wheels and the source distribution, tried in chroots."
    )
    parser.add_argument(
        "--only", action="append", default=[], metavar="ROW", help="a version, or sdist"
    )
    parser.add_argument("--built", action="store_true", help="take the wheel of the last time")
    options = parser.parse_args()
    try:
        rows = chosen(options.only, pythons())
    except ValueError as error:
        parser.error(str(error))
    if not attempt_all(
        "wheels", rows, lambda row, workshop, log: attempt(row, workshop, options, log)
    ):
        return 3
    print_table(HEADINGS, rows)
    missing = [version for version in SYSTEM_OF if version not in pythons()]
    if missing and not options.only:
        print(
            f"left out: {', '.join(missing)}: not here; tools/get-python.sh VERSION FOLDER gets one"
        )
    return int(any(row.problems for row in rows))


if __name__ == "__main__":
    sys.exit(main())
