"""run.py: runs upstream's own suite, unmodified, against this runtime: its universal ABI.

    make upstream                   all of it
    make upstream ARGS="-k field"   some of it; arguments are pytest's

The suite is that of the hpy==0.9.0 source distribution, and it compiles with its hpy.devel. Left
out: test/hpy_devel, which tests a build plugin; test/debug and test/trace and the ABIs debug and
hybrid, which are not there yet; the ABI cpython, which touches no runtime.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from hpystate.build import HELPERS, cache_dir, include_flags, upstream_sdist

HERE = Path(__file__).resolve().parent


def prepare() -> Path:
    """A copy of the source distribution with the library that its build part links tests with."""
    folder = cache_dir() / "upstream-suite"
    library = folder / "hpy" / "devel" / "lib" / "universal" / "libhpyextra.a"
    if library.is_file():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(upstream_sdist(), folder)
    library.parent.mkdir(parents=True)
    scratch = folder / "build"  # the build part takes every file beside the library for one
    scratch.mkdir(exist_ok=True)
    objects = []
    for helper in HELPERS:
        source = folder / "hpy" / "devel" / "src" / "runtime" / f"{helper}.c"
        objects.append(str(scratch / f"{helper}.o"))
        command = ["cc", "-O1", "-g", "-fPIC", *include_flags(), "-c", str(source)]
        subprocess.run([*command, "-o", objects[-1]], check=True)
    subprocess.run(["ar", "rcs", str(library), *objects], check=True)
    return folder


def main(arguments: list[str]) -> int:
    folder = prepare()
    environment = dict(os.environ)
    paths = [str(HERE / "site"), environment.get("PYTHONPATH", ""), str(folder), str(HERE)]
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
    command = [sys.executable, "-m", "pytest", "test", "-q", "-p", "expectations"]
    command += ["-p", "no:cacheprovider", "-n", str(min(2, os.cpu_count() or 1))]
    for left_out in ("hpy_devel", "debug", "trace"):
        command += ["--ignore", f"test/{left_out}"]
    command += ["-k", "universal and not debug and not trace", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
