"""demo/__init__.py: the isolation demo: the same shared objects in the main and eight more
interpreters.

    python -m hpystate demo [--interpreters N] [--seconds S] [--json FILE] [--runtime upstream]

Exit status 0: `isolation: ok`; 1: something leaked from one interpreter into another; 2: the demo
could not run. With --runtime upstream, 0: the check ran; its result should be `isolation: BROKEN`.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from hpystate.build import BuildError, compile_extension, make_cache_folder, proof_of_concept
from hpystate.cli import CommandError

__all__ = ["add_arguments", "run"]


def atlas_source() -> Path:
    """examples/atlas/atlas.c: beside the package where it is installed, else in the source tree."""
    package = Path(__file__).resolve().parent.parent
    for candidate in (package / "examples", package.parent.parent / "examples"):
        source = candidate / "atlas" / "atlas.c"
        if source.is_file():
            return source
    raise BuildError(f"{package}: examples/atlas/atlas.c is missing. Install hpystate again.")


def build_extensions() -> Path:
    """Compiles what the demo imports; the folder with the files."""
    out = make_cache_folder("demo")
    proof_of_concept(out)
    compile_extension("atlas", [atlas_source()], out)
    return out


def writable_file(text: str) -> Path:
    """For argparse: a file that can be written to, found out before anything runs."""
    file = Path(text)
    there = file.exists()
    try:
        file.open("a").close()
        if not there:
            file.unlink()
    except OSError as error:
        raise argparse.ArgumentTypeError(f"{file} cannot be written: {error.strerror}") from None
    return file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--interpreters", type=int, default=8, metavar="N", help="default: 8")
    parser.add_argument(
        "--seconds",
        type=float,
        default=2.0,
        metavar="S",
        help="how long all work at once; default: 2",
    )
    parser.add_argument(
        "--json", type=writable_file, metavar="FILE", help="write the results there too"
    )
    parser.add_argument(
        "--runtime",
        choices=("hpystate", "upstream"),
        default="hpystate",
        help="upstream: the same check under upstream's hpy.universal (CPython 3.12 only)",
    )


def run(options: argparse.Namespace) -> int:
    parser = options.parser
    if not 1 <= options.interpreters <= 1000:
        parser.error(f"--interpreters is {options.interpreters}; 1 to 1000 was expected")
    if not 0 < options.seconds <= 3600:
        parser.error(f"--seconds is {options.seconds}; more than 0 and at most 3600 was expected")
    try:
        import rich  # noqa: F401
    except ImportError:
        raise CommandError(
            f"the demo needs rich. Type: {sys.executable} -m pip install rich"
        ) from None
    try:
        if options.runtime == "upstream":
            from hpystate.demo.upstream import run_upstream

            return run_upstream(options)
        from hpystate.demo.isolation import run_isolation

        status = run_isolation(options)
    except BuildError as error:
        raise CommandError(str(error)) from None
    # CPython 3.12.1 may abort while it finalizes a process that had interpreters with GILs of their
    # own, with no extension at all (docs/cpython-faults.md). Everything is written by now.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
