"""cli/build.py: `hpystate build x.c`: compiles an extension (build.py)."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from hpystate.cli import CommandError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("sources", metavar="FILE", nargs="+", help="C and C++ files")
    parser.add_argument(
        "--name",
        help="last part of the module's name, as in HPy_MODINIT; default: the first FILE's",
    )
    parser.add_argument(
        "--abi",
        choices=("universal", "hybrid", "cpython"),
        default="universal",
        help="universal: one file for every Python (the default); hybrid and cpython: for this one",
    )
    parser.add_argument(
        "--out", metavar="FOLDER", default=".", help="where the file goes; default: here"
    )
    parser.add_argument(
        "--flags",
        metavar="FLAGS",
        action="append",
        default=[],
        help="for the compiler and the linker, as one word: --flags='-O3 -lm'",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    from hpystate.build import BuildError, compile_extension
    from hpystate.cli.progress import waiting

    name = arguments.name or Path(arguments.sources[0]).stem
    if not name.isidentifier():
        raise CommandError(
            f"{name!r} is not the name of a module. Type: {arguments.parser.prog} "
            f"{shlex.join(arguments.sources)} --name NAME"
        )
    try:
        flags = [flag for each in arguments.flags for flag in shlex.split(each)]
    except ValueError as error:
        raise CommandError(
            f"--flags={arguments.flags}: {error}. Close the quotation marks."
        ) from None
    try:
        with waiting(f"compiling {name}"):
            file = compile_extension(
                name, arguments.sources, arguments.out, flags=flags, abi=arguments.abi
            )
    except BuildError as error:
        raise CommandError(str(error), 1) from None
    except OSError as error:
        raise CommandError(str(error)) from None
    if arguments.json:
        print(json.dumps({"file": str(file), "module": name, "abi": arguments.abi}))
    else:
        print(file)
    return 0
