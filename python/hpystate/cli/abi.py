"""cli/abi.py: `hpystate abi`: what this runtime has, and what a file asks for (abi.py)."""

from __future__ import annotations

import argparse

#: All of it: a function of the context that is not written is an error when the runtime is linked.
ABI = "HPy 0.9, ABI 0.0 (hpy0)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", nargs="?", help="an extension, NAME.hpy0.so")
    parser.add_argument("--module", metavar="NAME", help="only this module of the file")
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace) -> int:
    from hpystate.abi import main as describe

    if arguments.module is not None and arguments.file is None:
        arguments.parser.error(f"--module needs a FILE: {arguments.parser.prog} FILE --module NAME")
    if arguments.file is None and not arguments.json:
        print(ABI)
    return describe(arguments.file, arguments.module, arguments.json)
