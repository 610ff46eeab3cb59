"""doctor/__init__.py: `python -m hpystate doctor NAME`: can an extension live in many interpreters?

One verdict for each extension module of a file, module, package or distribution (verdict.py).
Everything that imports it happens in child processes with a time limit (child.py).

Exit status: 0: every module is ready; 1: one is not; 2: there is no answer: wrong arguments,
nothing to examine, or the code of --exercise raised, crashed or hung.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from hpystate.doctor.find import Target
    from hpystate.doctor.verdict import Verdict

__all__ = ["main"]

_NEEDED = {"elftools": "pyelftools", "rich": "rich"}


def main(name: str, exercise: str | None, seconds: float, as_json: bool) -> int:
    """The command; returns the exit status."""
    missing = [pip for module, pip in _NEEDED.items() if importlib.util.find_spec(module) is None]
    if missing:
        need = " and ".join(missing)
        print(
            f"hpystate doctor: needs {need}: {sys.executable} -m pip install {' '.join(missing)}",
            file=sys.stderr,
        )
        return 2
    from rich.console import Console

    from hpystate.doctor import find, show

    console = Console(stderr=as_json)
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console = Console(stderr=as_json, width=80)  # a file or a pipe has no width
    try:
        targets = find.targets_of(name)
        code = None if exercise is None else _checked(exercise)
        verdicts = _examine_all(targets, code, seconds, console)
    except (find.NothingFound, _BadCode) as error:
        print(f"hpystate doctor: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"hpystate doctor: {error.filename or name}: {error.strerror}. Check the path and who "
            "may read it.",
            file=sys.stderr,
        )
        return 2
    if as_json:
        print(json.dumps(show.as_json(name, verdicts), indent=2))
    else:
        show.show(console, verdicts)
    failed = [each for each in verdicts if each.exercise_failed is not None]
    for each in failed[:1]:
        print(f"hpystate doctor: --exercise: {each.exercise_failed}", file=sys.stderr)
    if failed:
        return 2
    return 0 if all(each.verdict == "ready" for each in verdicts) else 1


class _BadCode(Exception):
    """The code of --exercise does not compile; the text has the place."""


def _checked(exercise: str) -> str:
    try:
        compile(exercise, "<exercise>", "exec")
    except (SyntaxError, ValueError) as error:
        raise _BadCode(
            f"--exercise: {type(error).__name__}: {error}. Give it Python code, as `python -c` has "
            "it."
        ) from None
    return exercise


def _examine_all(
    targets: list[Target], exercise: str | None, seconds: float, console: Console
) -> list[Verdict]:
    """All modules, as many at once as there are processors, in the order of `targets`."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from hpystate.doctor.examine import examine, stop
    from hpystate.doctor.verdict import judge

    def one(target: Target) -> Verdict:
        return judge(examine(target, exercise, seconds), exercise)

    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
    )
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar, ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        task = bar.add_task("examining", total=len(targets))
        running = {pool.submit(one, target): target for target in targets}
        try:
            for done in as_completed(running):
                bar.update(task, advance=1, description=running[done].name[-40:])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop()
            raise
        return [future.result() for future in running]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "name", metavar="NAME", nargs="?", help="a file, a module, a package or a distribution"
    )
    parser.add_argument(
        "--exercise", metavar="CODE", help="run this after the import, then look again"
    )
    parser.add_argument(
        "--timeout",
        metavar="SECONDS",
        type=float,
        default=60.0,
        help="for the child process of a module; default: 60",
    )
    parser.add_argument("--json", action="store_true", help="print JSON, for programs")


def run(arguments: argparse.Namespace, parser: argparse.ArgumentParser) -> int:
    """The command with a NAME; wrong arguments end the process as argparse does."""
    if not 0 < arguments.timeout <= 86400:
        parser.error(
            f"--timeout is {arguments.timeout:g}; more than 0 and at most 86400 was expected"
        )
    return main(arguments.name, arguments.exercise, arguments.timeout, arguments.json)
