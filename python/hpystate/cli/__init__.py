"""cli/__init__.py: the command line: `hpystate COMMAND`, and `python -m hpystate COMMAND`.

A command is a row of COMMANDS and a module with two functions: the row's `add`, which gets a
parser, and its `run`, which gets what that parsed and returns the exit status. A module is
imported when its command is called, so that `hpystate --help` starts in the time that Python needs.

Exit status, of every command: 0: done, or yes; 1: no, or what was asked for failed; 2: wrong
arguments, or it cannot be answered; 130: Ctrl-C; 141: who read the output has closed the pipe.
"""

from __future__ import annotations

import argparse
import importlib
import os
import sys

TYPE_CHECKING = False  # typing would be an eighth of a start
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["COMMANDS", "Command", "CommandError", "Parser", "main", "script"]


class CommandError(Exception):
    """What a command cannot do: one line that names the thing and ends in what to type next.

    status  the exit status
    """

    def __init__(self, message: str, status: int = 2) -> None:
        super().__init__(message)
        self.status = status


class Command:
    """A row of COMMANDS.

    status      what 0, 1 and 2 mean for this command
    add, run    the names of two functions of the module
    intermixed  options may be between the other arguments
    """

    def __init__(
        self,
        help: str,
        module: str,
        examples: tuple[str, ...],
        description: str = "",
        status: tuple[str, str, str] = ("done", "it failed", "wrong arguments"),
        add: str = "add_arguments",
        run: str = "run",
        intermixed: bool = False,
    ) -> None:
        self.help, self.module, self.examples = help, module, examples
        self.description, self.status = description, status
        self.add, self.run, self.intermixed = add, run, intermixed


COMMANDS = {
    "new": Command(
        "write a small project: an extension, its build, its test in eight interpreters",
        "hpystate.cli.new",
        ("hpystate new myext", "hpystate new myext --build setuptools"),
    ),
    "build": Command(
        "compile an extension",
        "hpystate.cli.build",
        ("hpystate build point.c", "hpystate build point.c --flags=-lm --abi cpython --out lib"),
        "Compiles C and C++ files to one extension, with gcc's and clang's way of naming "
        "options. CC and CXX choose the compilers.",
        ("compiled", "the compiler refused the sources", "wrong arguments"),
    ),
    "enable": Command(
        "let every interpreter of this environment import NAME.hpy0.so",
        "hpystate.cli.enable",
        ("hpystate enable", "hpystate enable --status --json"),
        "Writes a .pth file into site-packages: then `import NAME` finds NAME.hpy0.so in the main "
        "interpreter and in every subinterpreter, without hpystate.install(). A start takes at "
        "most 0.3 ms more, and the package is imported when the first such file is.",
        ("enabled", "--status: it is not", "wrong arguments, or the file cannot be written"),
        run="run_enable",
    ),
    "disable": Command(
        "take `hpystate enable` back",
        "hpystate.cli.enable",
        ("hpystate disable",),
        "Removes the .pth file that `hpystate enable` wrote.",
        (
            "disabled",
            "--status: it is not enabled",
            "wrong arguments, or the file cannot be removed",
        ),
        run="run_disable",
    ),
    "doctor": Command(
        "whether the extension modules of NAME can live in many interpreters; without NAME, what "
        "a bug report needs",
        "hpystate.cli.doctor",
        ("hpystate doctor numpy", "hpystate doctor ./point.so --exercise 'point.fill()' --json"),
        "Without NAME: the versions, paths and state that a bug report needs. With NAME: a "
        "verdict for each of its extension modules: ready, declare only, port, cannot. Child "
        "processes with a time limit import them.",
        (
            "all are ready",
            "one is not",
            "no answer: wrong arguments, nothing to examine, or CODE failed",
        ),
    ),
    "abi": Command(
        "which versions of HPy this runtime has; which one a FILE asks for, and what it gets",
        "hpystate.cli.abi",
        ("hpystate abi", "hpystate abi point.hpy0.so --json"),
        "Without FILE: the versions of HPy that this runtime has. With FILE: what it asks for, "
        "what it gets, and what is emulated. A child process opens the file as an import opens "
        "it, so its constructors run; no module is made.",
        ("this Python can load all modules of FILE", "it refuses one", "wrong arguments"),
    ),
    "run": Command(
        "call a function with each DATA in a pool of interpreters",
        "hpystate.pool.run",
        ("hpystate run math:factorial --interpreters 2 --json 20 30",),
        "Calls FUNCTION once for each DATA, in interpreters with GILs of their own, and prints the "
        "results in the order of the data. docs/pool.md has the limits.",
        (
            "all were called",
            "a call raised, and the rest was left out",
            "wrong arguments",
        ),
        intermixed=True,
    ),
    "top": Command(
        "run a script, and show meanwhile what each interpreter has",
        "hpystate.cli.top",
        ("hpystate top service.py --port 8000", "hpystate top --json --interval 2 service.py"),
        "Runs SCRIPT as `python SCRIPT` does, with a table on stderr: for each interpreter the "
        "modules with globals, the globals that have a place and a value, and the bytes of its "
        "window. Options are before SCRIPT. docs/inspect.md has more.",
        ("the script ended, or its own exit status", "the script raised", "wrong arguments"),
    ),
    "demo": Command(
        "the same extensions in the main and eight more interpreters, all at work at once",
        "hpystate.demo",
        ("hpystate demo", "hpystate demo --interpreters 4 --seconds 1 --json demo.json"),
        "Imports upstream's proof-of-concept extensions and atlas in the main interpreter and in "
        "N more with a GIL of their own, runs work in all of them at once and checks every value.",
        (
            "isolation: ok; with --runtime upstream: the check ran",
            "something leaked from one interpreter into another",
            "the demo could not run",
        ),
    ),
}


# ---- parsers -----------------------------------------------------------------------------------


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, and whose help is in colours on a terminal only."""

    def error(self, message: str) -> Any:
        end = "" if message.endswith((".", "?")) else "."
        self.exit(2, f"{self.prog}: {message}{end} Type: {self.prog} --help\n")


def _formatter(prog: str, **options: Any) -> argparse.HelpFormatter:
    """rich-argparse's, where that is installed and a terminal shows the help. CPython 3.14 and
    later have colours of their own."""
    options.setdefault("width", _columns() - 2)  # argparse would import shutil for it
    if sys.version_info < (3, 14) and sys.stdout is not None and sys.stdout.isatty():
        try:
            from rich_argparse import RawDescriptionRichHelpFormatter
        except ImportError:
            pass
        else:
            return RawDescriptionRichHelpFormatter(prog, **options)
    return argparse.RawDescriptionHelpFormatter(prog, **options)


def _program() -> str:
    """What the reader types: hpystate, or python -m hpystate."""
    name = os.path.basename(sys.argv[0])
    return "python -m hpystate" if name in ("__main__.py", "-m", "-c", "") else name


def _epilog(examples: Sequence[str], status: Sequence[str]) -> str:
    program = _program()
    lines = [each.replace("hpystate", program, 1) for each in examples]
    codes = [f"  {code}  {meaning}" for code, meaning in enumerate(status)]
    return "\n".join(["examples:", *(f"  {each}" for each in lines), "", "exit status:", *codes])


def _columns() -> int:
    """Of the terminal; $COLUMNS where it is set, and 80 where there is no terminal."""
    set_to = os.environ.get("COLUMNS", "")
    if set_to.isdecimal() and int(set_to) > 0:
        return int(set_to)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno() if sys.__stdout__ else 1).columns or 80
    except (AttributeError, ValueError, OSError):
        return 80


def _wrapped(text: str) -> str:
    import textwrap

    return textwrap.fill(text, min(80, _columns()) - 2)


def _dress(parser: argparse.ArgumentParser, name: str) -> argparse.ArgumentParser:
    """Gives a parser the arguments of a command."""
    command = COMMANDS[name]
    parser.description = _wrapped(
        command.description or f"{command.help[0].upper()}{command.help[1:]}."
    )
    parser.epilog = _epilog(command.examples, command.status)
    parser.formatter_class = _formatter
    module = importlib.import_module(command.module)
    getattr(module, command.add)(parser)
    parser.set_defaults(run=getattr(module, command.run), parser=parser)
    return parser


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command."""
    return _dress(Parser(prog=f"{_program()} {name}"), name)


def parsed(name: str, argv: Sequence[str]) -> argparse.Namespace:
    """What a command's arguments are; SystemExit: wrong ones, or --help."""
    parser = parser_of(name)
    if COMMANDS[name].intermixed:
        return parser.parse_intermixed_args(argv)
    return parser.parse_args(argv)


def _whole_parser(dressed: bool) -> argparse.ArgumentParser:
    """The parser of `hpystate` itself; `dressed`: its commands have their arguments, for which all
    modules are imported."""
    import hpystate

    parser = Parser(
        prog=_program(),
        description=_wrapped(
            "HPy extensions in many interpreters at once: write, build, examine and run them."
        ),
        epilog=_epilog(
            ("hpystate new myext", "hpystate build point.c", "hpystate COMMAND --help"),
            ("done, or yes", "no, or it failed", "wrong arguments"),
        ),
        formatter_class=_formatter,
    )
    parser.add_argument("--version", action="version", version=hpystate.__version__)
    parser.add_argument(
        "--include-dir", action="store_true", help="print the folder of the headers"
    )
    parser.add_argument(
        "--cmake-dir", action="store_true", help="print the folder of the package of CMake"
    )
    parser.add_argument(
        "--embed-library",
        action="store_true",
        help="print the path of libhpystate_embed.a, for extensions that need no package",
    )
    parser.add_argument(
        "--print-completion",
        metavar="SHELL",
        choices=("bash", "zsh", "tcsh"),
        help="print what completes commands and options in bash, zsh or tcsh (needs shtab)",
    )
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", prog=parser.prog, parser_class=Parser
    )
    for name, command in COMMANDS.items():
        child = commands.add_parser(name, help=command.help, add_help=dressed)
        if dressed:
            _dress(child, name)
    return parser


def _embed_library() -> int:
    from hpystate.build import BuildError, embed_library

    try:
        print(embed_library())
    except BuildError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _complete(parser: argparse.ArgumentParser, shell: str) -> int:
    try:
        import shtab
    except ModuleNotFoundError:
        needs = f"--print-completion needs shtab. Type: {sys.executable} -m pip install shtab"
        parser.exit(2, f"{parser.prog}: {needs}\n")
    parser = _whole_parser(dressed=True)
    parser.prog = "hpystate"  # a shell completes the script
    print(shtab.complete(parser, shell=shell))
    return 0


# ---- the two ways in ---------------------------------------------------------------------------


def main(argv: Sequence[str]) -> int:
    """Runs a command; returns the exit status. SystemExit: wrong arguments, or --help."""
    if argv and argv[0] in COMMANDS:
        arguments = parsed(argv[0], argv[1:])
        try:
            return int(arguments.run(arguments))
        except CommandError as error:
            print(f"hpystate {argv[0]}: {error}", file=sys.stderr)
            return error.status
    parser = _whole_parser(dressed=False)
    arguments = parser.parse_args(argv)
    if arguments.include_dir or arguments.cmake_dir:
        from hpystate import config

        print(config.include_dir() if arguments.include_dir else config.cmake_dir())
        return 0
    if arguments.embed_library:
        return _embed_library()
    if arguments.print_completion:
        return _complete(parser, arguments.print_completion)
    parser.print_help()
    return 2


def script(run: Any = main, argv: Sequence[str] | None = None) -> int:
    """What the shell starts: main() with the arguments of the process, where no error is a
    traceback that the reader can do nothing about."""
    try:
        status = run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
    except KeyboardInterrupt:
        print("hpystate: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # Who read the output has enough, as `head`. Nothing more is written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return int(status)
