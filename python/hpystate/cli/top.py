"""cli/top.py: `hpystate top SCRIPT`: runs a script as `python SCRIPT` does, and shows what each
interpreter of the process has meanwhile."""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import json
import os
import sys
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from hpystate.cli import CommandError
from hpystate.look.sample import COLUMNS, Sampler

if TYPE_CHECKING:
    from rich.table import Table


def _interval(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0.01 <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r}: seconds from 0.01 to 3600 were expected")
    return seconds


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        action="store_true",
        help="print samples, a line of JSON each; what the script prints goes to stderr",
    )
    parser.add_argument(
        "--interval", type=_interval, default=0.5, metavar="SECONDS", help="default: 0.5"
    )
    parser.add_argument("script", metavar="SCRIPT", help="a file of Python")
    parser.add_argument(
        "arguments", metavar="ARG", nargs=argparse.REMAINDER, help="the script's own arguments"
    )


def run(arguments: argparse.Namespace) -> int:
    script = arguments.script
    try:
        with io.open_code(os.path.abspath(script)) as file:
            source = file.read()
    except OSError as error:
        raise CommandError(
            f"{script}: {error.strerror}; a file of Python was expected. "
            "Type: hpystate top --help"
        ) from None
    show = _lines() if arguments.json else _screen(script)
    with show as sink:
        try:
            with Sampler(sink, arguments.interval):
                _run_script(script, source, arguments.arguments)
            return 0
        except SystemExit:
            raise  # Python makes the exit status of it
        except _Raised as raised:
            error = raised.error
    # The table is complete: the traceback is below it.
    sys.excepthook(type(error), error, error.__traceback__)
    return 130 if isinstance(error, KeyboardInterrupt) else 1


class _Raised(BaseException):
    """What the script raised, with a traceback that begins in the script."""

    def __init__(self, error: BaseException) -> None:
        super().__init__()
        self.error = error


def _run_script(script: str, source: bytes, words: list[str]) -> None:
    """As `python SCRIPT`: it is __main__, its folder is the first of sys.path. SystemExit, _Raised:
    how it ended."""
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=script, __builtins__=__builtins__)
    sys.argv = [script, *words]
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(script))
    sys.modules["__main__"] = main
    try:
        exec(compile(source, script, "exec", dont_inherit=True), main.__dict__)
    except SystemExit:
        raise
    except BaseException as error:
        behind = error.__traceback__.tb_next if error.__traceback__ is not None else None
        # compile() has no frame: a SyntaxError names the place itself.
        raise _Raised(error.with_traceback(behind)) from None


@contextlib.contextmanager
def _lines() -> Iterator[Any]:
    """Samples go to what is stdout now; file descriptor 1 is stderr from here on, for all code of
    the process, atexit's too."""
    sys.stdout.flush()
    stream = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    try:
        yield lambda sample: print(json.dumps(sample), file=stream, flush=True)
    finally:
        sys.stdout.flush()
        with contextlib.suppress(BrokenPipeError):  # which the sampler raises
            stream.close()


@contextlib.contextmanager
def _screen(script: str) -> Iterator[Any]:
    """A table on stderr, which is renewed in its place. What the script prints is above it."""
    if not sys.stderr.isatty():
        raise CommandError(
            "stderr is not a terminal, where the table would be. "
            f"Type: hpystate top --json {script}"
        )
    if importlib.util.find_spec("rich") is None:
        raise CommandError(f"the table needs rich. Type: {sys.executable} -m pip install rich")
    from rich.console import Console
    from rich.live import Live

    console = Console(stderr=True)
    with Live(console=console, auto_refresh=False, redirect_stdout=sys.stdout.isatty()) as live:
        yield lambda sample: live.update(_table(sample, console.height), refresh=True)


def _table(sample: dict[str, Any], height: int) -> Table:
    from rich.table import Table

    rows = sample["interpreters"]
    most = max(1, height - 8)
    table = Table(
        title=f"{sample['seconds']:.1f} s, {sample['resident_bytes'] / 2**20:.1f} MiB resident",
        caption=f"and {len(rows) - most} more interpreters" if len(rows) > most else None,
    )
    for column in COLUMNS:
        table.add_column(column.replace("_", " "), justify="right")
    for row in rows[:most]:
        table.add_row(*(str(row[column]) for column in COLUMNS))
    sums = [sum(row[column] for row in rows) for column in COLUMNS[2:]]
    table.add_section()
    table.add_row(f"{len(rows)} in all", "", *map(str, sums))
    return table
