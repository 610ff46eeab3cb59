"""run.py: builds a wheel, installs it into environments that have nothing else of ours, and runs
the tests of this folder there.

    python tests/wheel/run.py [--quick | --pages] [--wheel FILE] [option of pytest...]

The Python that runs it is the one that the wheel is for. --quick leaves out what checks the wheel's
metadata (test_checks.py), for which many packages are installed, and the blocks of the documents,
and links the runtime without optimising across files; the ways of building are all tried. --pages
runs the blocks alone. Exit status: 0: all passed.
"""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.clients.pages import FROM_A_WHEEL, NOT_FROM_A_WHEEL  # noqa: E402

WORK = ROOT / "build" / f"test-wheel-{sys.version_info[0]}.{sys.version_info[1]}{sys.abiflags}"
BEGIN = time.monotonic()


def run(what: str, *command: object, **variables: str) -> None:
    """Runs a command; ends this program with its output where it fails."""
    print(f"[{time.monotonic() - BEGIN:3.0f}s] {what}", flush=True)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    result = subprocess.run(
        [str(word) for word in command],
        cwd=ROOT,
        env=environment | {"PIP_DISABLE_PIP_VERSION_CHECK": "1"} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if result.returncode != 0:
        sys.exit(f"{result.stdout}\n{what}: failed")


def environment_of(name: str, *packages: str) -> Path:
    """The Python of a virtual environment with these packages; it is kept for the next run."""
    python = WORK / name / "bin" / "python"
    stamp = WORK / name / ".installed"
    wanted = " ".join(packages)
    if not stamp.is_file() or stamp.read_text() != wanted:
        run(
            f"making the environment `{name}`", sys.executable, "-m", "venv", "--clear", WORK / name
        )
        if packages:
            pip = (python, "-m", "pip", "install", "-q", "--prefer-binary")
            run(f"installing into it: {wanted}", *pip, *packages)
        stamp.write_text(wanted)
    return python


def requirements(*groups: str) -> list[str]:
    listed = subprocess.run(
        [sys.executable, "tools/dependencies.py", *groups],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    return listed.stdout.decode().split()


def install(python: Path, wheel: Path) -> None:
    pip = (python, "-m", "pip", "install", "-q", "--no-deps", "--force-reinstall", wheel)
    run(f"installing {wheel.name}", *pip)


def run_pages(wheel: Path, for_pytest: list[str]) -> int:
    """The tests that run the blocks of the documents, where hpystate is the wheel's. They need what
    the documents tell the reader to have: pytest, Cython, setuptools, pyelftools, rich."""
    python = environment_of("pages", *requirements("demo", "dev", "doctor", "upstream"))
    install(python, wheel)
    limits = WORK / "liblimits.so"
    compiler = shlex.split(os.environ.get("CXX", "")) or ["c++"]
    flags = ("-std=c++20", "-O2", "-shared", "-fPIC", f"-I{ROOT}")
    what = "compiling the time limit of tests"
    run(what, *compiler, *flags, ROOT / "tests/limits/stacks.cpp", "-o", limits)
    where = "import hpystate, sys; assert hpystate.__file__.startswith(sys.prefix)"
    run("looking where hpystate is", python, "-c", where)
    print(f"[{time.monotonic() - BEGIN:3.0f}s] the blocks of the documents", flush=True)
    left_out = [f"--deselect={name}" for name in NOT_FROM_A_WHEEL if "::" in name]
    return pytest(python, {"HPYSTATE_LIMITS": str(limits)}, *left_out, *FROM_A_WHEEL, *for_pytest)


def pytest(python: Path, variables: dict[str, str], *options: str) -> int:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    path = os.pathsep.join([str(python.parent), os.environ["PATH"]])
    return subprocess.run(
        [str(python), "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=ROOT,
        env=environment | variables | {"PATH": path},
        check=False,
    ).returncode


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--quick", action="store_true")
    which.add_argument("--pages", action="store_true")
    parser.add_argument("--wheel", type=Path, help="one that is built already")
    options, for_pytest = parser.parse_known_args()
    WORK.mkdir(parents=True, exist_ok=True)
    groups = ["wheel", "wheel-checks"] if not (options.quick or options.pages) else ["wheel"]
    tools = environment_of("tools" if len(groups) > 1 else "tools-quick", *requirements(*groups))
    wheel = options.wheel
    if wheel is None:
        out = WORK / ("wheel-quick" if options.quick else "wheel")
        for old in out.glob("*.whl"):
            old.unlink()
        settings = []
        if options.quick:
            settings = ["-Ccmake.define.HPYSTATE_LINK_TIME=OFF", f"-Cbuild-dir={WORK}/cmake-quick"]
        pip = (tools, "-m", "pip", "wheel", "-q", "--no-build-isolation", "--no-deps", "-w", out)
        run("building the wheel", *pip, *settings, ROOT)
        (wheel,) = out.glob("*.whl")
    if options.pages:
        return run_pages(wheel, for_pytest)
    empty = environment_of("empty")
    for python in (tools, empty):
        install(python, wheel)
    print(f"[{time.monotonic() - BEGIN:3.0f}s] the tests", flush=True)
    left_out = ["--ignore", "tests/wheel/test_checks.py"] if options.quick else []
    variables = {"HPYSTATE_WHEEL": str(wheel), "HPYSTATE_EMPTY_PYTHON": str(empty)}
    # The folder's own conftest.py only: the one above it is for a build folder.
    options_of_all = ["--confcutdir", "tests/wheel", *left_out, "tests/wheel", *for_pytest]
    status = pytest(tools, variables, *options_of_all)
    if options.quick or status != 0:
        return status
    return run_pages(wheel, for_pytest)


if __name__ == "__main__":
    sys.exit(main())
