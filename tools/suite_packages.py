"""suite_packages.py [--only NAME,NAME]: the suites of packages in many interpreters at once.

Installs PACKAGES as pip chooses them into an environment of its own (build/suite-packages-3.X) with
the Python that runs this, takes the tests out of the source distribution of the same version, and
runs them with `pytest -p hpystate.pytest_interpreters`. What differed from main is written to
tests/plugin/results/3.X.json; `tools/tables.py --write` makes the table of docs/plugin.md from it.
The network is needed. Exit status 0: each suite was compared, whatever differed; 1: one was not,
and the text names it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "tests" / "plugin" / "results"
INTERPRETERS = 4
SECONDS = 900  # for the interpreters of one suite; main has as many
VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"


@dataclass(frozen=True)
class Package:
    """tests: their folder in the source distribution; beside: what they import besides."""

    tests: str = "tests"
    beside: tuple[str, ...] = ()


PACKAGES = {
    "kiwisolver": Package("py/tests"),
    "markupsafe": Package(),
    "more-itertools": Package(),
    "simplejson": Package("simplejson/tests"),
    "ujson": Package(),
}


#: Of pip, an archive, pytest, or what the plugin wrote.
FAILURES = (
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
    tarfile.TarError,
    subprocess.SubprocessError,
)


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("--only", metavar="NAME,NAME", help="these of the list")
    options = parser.parse_args(arguments)
    options.names = options.only.split(",") if options.only else list(PACKAGES)
    unknown = [name for name in options.names if name not in PACKAGES]
    if unknown:
        parser.error(f"--only: {', '.join(unknown)}: names of PACKAGES were expected")
    return options


def pip(python: Path, *arguments: str) -> None:
    command = [str(python), "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    subprocess.run(command, check=True)


def environment(names: list[str]) -> Path:
    """The Python of an environment that has the packages and pytest, made anew."""
    folder = ROOT / "build" / f"suite-packages-{VERSION}"
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    beside = [each for name in names for each in PACKAGES[name].beside]
    pip(python, "install", "pytest", *names, *beside)
    return python


def version_of(python: Path, name: str) -> str:
    code = "import sys, importlib.metadata as m; print(m.version(sys.argv[1]))"
    result = subprocess.run(
        [str(python), "-c", code, name], stdout=subprocess.PIPE, text=True, check=True
    )
    return result.stdout.strip()


def unpack_tests(archive: Path, folder: str, target: Path) -> Path:
    """The folder of the tests, alone: beside its source a package is imported from there. Raises
    LookupError where the archive does not have the folder."""
    with tarfile.open(archive) as source:
        inside = [
            member
            for member in source.getmembers()
            if member.isfile() and member.name.partition("/")[2].startswith(f"{folder}/")
        ]
        if not inside:
            raise LookupError(f"{archive.name}: no folder {folder}/ with tests")
        source.extractall(target, members=inside, filter="data")
    return target / inside[0].name.partition("/")[0] / folder


def printed(command: list[str], folder: Path) -> str:
    """What pytest printed. It is ended by SIGINT, since it has a process to end itself; then this
    raises TimeoutExpired."""
    child = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    with child:
        try:
            return child.communicate(timeout=2 * SECONDS)[0]
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGINT)
            raise


def compare(python: Path, name: str, version: str) -> dict[str, Any]:
    """What the plugin wrote, as data. Raises RuntimeError where it wrote nothing."""
    with tempfile.TemporaryDirectory(prefix="hpystate-suite-") as scratch:
        place = Path(scratch)
        pip(
            python,
            *("download", "--no-deps", "--no-binary", name, "--dest", scratch),
            f"{name}=={version}",
        )
        archives = sorted(place.glob("*.tar.gz"))
        if not archives:
            found_files = ", ".join(file.name for file in place.iterdir())
            raise LookupError(f"a .tar.gz was expected of pip, it brought {found_files}")
        tests = unpack_tests(archives[0], PACKAGES[name].tests, place)
        found = place / "found.json"
        command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider"]
        command += ["-p", "hpystate.pytest_interpreters", f"--interpreters={INTERPRETERS}"]
        command += [f"--interpreters-timeout={SECONDS}", f"--interpreters-json={found}"]
        command += [f"--rootdir={tests.parent}", tests.name]
        said = printed(command, tests.parent)
        if not found.exists():
            end = "\n".join(said.splitlines()[-20:])
            raise RuntimeError(f"nothing was compared:\n{end}")
        return json.loads(found.read_text())


def main(arguments: list[str]) -> int:
    options = parse(arguments)
    try:
        python = environment(options.names)
    except subprocess.CalledProcessError as error:
        print(f"suite_packages: {' '.join(error.cmd[:4])} failed; see above", file=sys.stderr)
        return 1
    document: dict[str, Any] = {"python": platform.python_version(), "packages": {}}
    failed = False
    for name in options.names:
        try:
            version = version_of(python, name)
            found = compare(python, name, version)
        except FAILURES as error:
            print(f"suite_packages: {name}: {error}", file=sys.stderr)
            failed = True
            continue
        document["packages"][name] = {"version": version, **found}
        print(f"{name} {version}: {found['summary']}", flush=True)
    if options.only is None and not failed:
        RESULTS.mkdir(parents=True, exist_ok=True)
        file = RESULTS / f"{VERSION}.json"
        file.write_text(json.dumps(document, indent=1) + "\n")
        print(f"written: {os.path.relpath(file)}; now tools/tables.py --write")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
