"""pool/run.py: the command `hpystate run MODULE:FUNCTION DATA...`"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from hpystate.pool.executor import InterpreterPool


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("function", metavar="MODULE:FUNCTION", help="called with one DATA each")
    parser.add_argument("data", metavar="DATA", nargs="*", help="texts; none: lines of the input")
    parser.add_argument("--interpreters", type=int, metavar="N", help="default: the processors")
    parser.add_argument(
        "--chunk", type=int, default=1, metavar="N", help="so many DATA are one task; default: 1"
    )
    parser.add_argument(
        "--isolate",
        metavar="NAMES",
        help="packages that get private images: numpy,lxml, or '*,-torch' for all but one",
    )
    parser.add_argument("--json", action="store_true", help="DATA and the results are JSON")


def run(arguments: argparse.Namespace) -> int:
    fail = arguments.parser.error
    if os.getcwd() not in sys.path and "" not in sys.path:
        sys.path.insert(0, os.getcwd())  # the console script has its own folder there
    for option, value in (("interpreters", arguments.interpreters), ("chunk", arguments.chunk)):
        if value is not None and value < 1:
            fail(f"--{option} is {value}; 1 or more was expected")
    isolate = _names(arguments.isolate, fail)
    function = _find(arguments.function, fail)
    data = arguments.data or [line.rstrip("\n") for line in sys.stdin]
    if arguments.json:
        data = [_parse(text, fail) for text in data]
    bar = "tasks" if sys.stderr.isatty() and importlib.util.find_spec("rich") else False
    try:
        with InterpreterPool(arguments.interpreters, isolate=isolate) as pool:
            for result in pool.map(function, data, chunksize=arguments.chunk, progress=bar):
                print(json.dumps(result) if arguments.json else result, flush=True)
    except KeyboardInterrupt:
        print("hpystate run: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # of stdout: the command line knows what to do
        raise
    except BaseException as error:
        text = str(error.__cause__ or "").strip() or f"{type(error).__name__}: {error}"
        print(f"hpystate run: a call of {arguments.function} raised:\n{text}", file=sys.stderr)
        return 1
    return 0


def _names(text: str | None, fail: Callable[[str], Any]) -> list[str]:
    """The words of --isolate."""
    if text is None:
        return []
    from hpystate.images.choice import split

    words = text.split(",")
    try:
        split(words, "--isolate")
    except ValueError as error:
        fail(str(error))
    return words


def _find(text: str, fail: Callable[[str], Any]) -> Callable[[Any], Any]:
    module, colon, name = text.partition(":")
    if not (module and colon and name):
        fail(f"{text!r}: MODULE:FUNCTION was expected, for example math:sqrt")
    try:
        found: Any = importlib.import_module(module)
        for part in name.split("."):
            found = getattr(found, part)
    except ImportError as error:
        fail(
            f"{module} cannot be imported: {error}. Type its name as in an import, from its folder"
        )
    except AttributeError as error:
        fail(f"{text}: {error}")
    if not callable(found):
        fail(f"{text} is {found!r}; a function was expected")
    return found


def _parse(text: str, fail: Callable[[str], Any]) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        return fail(f"DATA {text!r} is not JSON: {error}. Leave out --json to pass texts")
