"""__main__.py: the command line: demo, abi, doctor, run."""

from __future__ import annotations

import argparse
import platform
import sys

import hpystate
from hpystate import _native

#: All of it: a function of the context that is not written is an error when this is linked.
ABI = "HPy 0.9, ABI 0.0 (hpy0)"


def _abi(arguments: argparse.Namespace) -> int:
    from hpystate.abi import main as describe

    if arguments.file is None and not arguments.json:
        print(ABI)
    return describe(arguments.file, arguments.module, arguments.json)


def _doctor(arguments: argparse.Namespace) -> int:
    if arguments.name is not None:
        from hpystate import doctor

        return doctor.run(arguments, arguments.parser)
    if arguments.json or arguments.exercise is not None:
        arguments.parser.error("--json and --exercise need a NAME: python -m hpystate doctor NAME")
    state = _native.state()
    gil = getattr(sys, "_is_gil_enabled", lambda: True)()
    print(f"hpystate {hpystate.__version__} in {_native.__file__}")
    print(f"CPython {platform.python_version()}, GIL {'on' if gil else 'off'}: {sys.executable}")
    print(ABI)
    print("this interpreter: " + ", ".join(f"{key} {value}" for key, value in state.items()))
    return 0


def _add_doctor(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    from hpystate.doctor import add_arguments

    doctor = commands.add_parser(
        "doctor",
        help="whether the extension modules of NAME can live in many interpreters; without NAME, "
        "what a bug report needs",
        description="Without NAME: the versions, paths and state that a bug report needs. With "
        "NAME: a verdict for each of its extension modules: ready, declare only, port, cannot. "
        "Child processes with a time limit import them.",
        epilog="exit status: 0: all are ready; 1: one is not; 2: no answer: wrong arguments, "
        "nothing to examine, or CODE failed",
    )
    add_arguments(doctor)
    doctor.set_defaults(run=_doctor, parser=doctor)


def main(argv: list[str]) -> int:
    if argv[:1] == ["demo"]:
        from hpystate.demo import main as demo

        return demo(argv[1:])
    if argv[:1] == ["run"]:
        from hpystate.pool.run import main as run

        return run(argv[1:])
    parser = argparse.ArgumentParser(prog="python -m hpystate")
    parser.add_argument("--version", action="version", version=hpystate.__version__)
    parser.add_argument(
        "--include-dir", action="store_true", help="print the folder of the headers"
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    commands.add_parser(
        "demo", help="the isolation demo; `demo --help` lists its options", add_help=False
    )
    commands.add_parser(
        "run",
        help="call a function with each DATA in a pool of interpreters; `run --help`",
        add_help=False,
    )
    abi = commands.add_parser(
        "abi",
        help="which versions of HPy this runtime has; which one a FILE asks for, and what it gets",
        description="Without FILE: the versions of HPy that this runtime has. With FILE: what it "
        "asks for, what it gets, and what is emulated. A child process opens the file as an import "
        "opens it, so its constructors run; no module is made.",
        epilog="exit status: 0: this Python can load all modules of FILE; 1: it refuses one; "
        "2: wrong arguments",
    )
    abi.add_argument("file", metavar="FILE", nargs="?", help="an extension, NAME.hpy0.so")
    abi.add_argument("--module", metavar="NAME", help="only this module of the file")
    abi.add_argument("--json", action="store_true", help="print JSON, for programs")
    abi.set_defaults(run=_abi)
    _add_doctor(commands)
    arguments = parser.parse_args(argv)
    if getattr(arguments, "module", None) is not None and arguments.file is None:
        abi.error("--module needs a FILE: python -m hpystate abi FILE --module NAME")
    if arguments.include_dir:
        print(hpystate.include_dir())
        return 0
    if not hasattr(arguments, "run"):
        parser.print_help()
        return 2
    return arguments.run(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
