"""pytest_interpreters.py: `pytest -p hpystate.pytest_interpreters --interpreters 8`.

A plugin of pytest: the suite runs in main, and then in N interpreters with GILs of their own at
once; the end of the output names each test that differed (docs/plugin.md). Without the option this
file is all that is imported; hpystate/suite has the rest.
"""

from __future__ import annotations

import os
import sys

import pytest

#: Set in the interpreters that run the suite beside main: there the options do nothing.
inside = False
#: As the user has it: pytest puts folders of tests and of conftest.py before it.
_path = list(sys.path)
PACES = ("together", "turns", "free")
MOST = 64
LONGEST = 7 * 24 * 3600


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MOST:
        raise pytest.UsageError(
            f"--interpreters {text}: the number of interpreters was expected, 1 to {MOST}; "
            "for example --interpreters 8"
        )
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0
    if not 0 < seconds <= LONGEST:
        raise pytest.UsageError(
            f"--interpreters-timeout {text}: a number of seconds above 0 was expected, {LONGEST} "
            "at most; for example --interpreters-timeout 600"
        )
    return seconds


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("interpreters", "many interpreters (hpystate)")
    group.addoption(
        "--interpreters",
        metavar="N",
        type=_count,
        help="run the tests in main, then in N interpreters with GILs of their own at once, and "
        "name the tests that differ",
    )
    group.addoption(
        "--interpreters-pace",
        choices=PACES,
        default="together",
        help="together: all N run the same test at the same time (default); turns: the same test, "
        "one interpreter after the other; free: each as fast as it can",
    )
    group.addoption(
        "--interpreters-timeout",
        metavar="SECONDS",
        type=_seconds,
        help="end the process of the interpreters after this time; default: 120 seconds, and for "
        "each interpreter ten times what main took",
    )
    group.addoption(
        "--interpreters-json", metavar="FILE", help="write what differed to a file, as JSON"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Main finds HPy extensions as the interpreters do, those that a conftest.py imports too."""
    if early_config.known_args_namespace.interpreters and not inside:
        import hpystate

        hpystate.install()


def pytest_configure(config: pytest.Config) -> None:
    if inside:
        return
    options = config.option
    if not options.interpreters:
        for name in ("interpreters_json", "interpreters_timeout"):
            if getattr(options, name):
                option = f"--{name.replace('_', '-')}"
                raise pytest.UsageError(f"{option} needs --interpreters; add --interpreters 8")
        return
    _refuse(config)
    if options.collectonly:
        return
    from hpystate.suite.parent import Parent

    config.pluginmanager.register(Parent(config, _path), "hpystate-interpreters")


def _refuse(config: pytest.Config) -> None:
    """What cannot be combined with --interpreters."""
    if config.getoption("numprocesses", None) or hasattr(config, "workerinput"):
        raise pytest.UsageError(
            "--interpreters runs the tests in one process, and -n (pytest-xdist) in several; leave "
            "one of them out, for example by -n 0"
        )
    if config.getoption("usepdb", False) or config.getoption("trace", False):
        raise pytest.UsageError(
            "--interpreters: the debugger works in the main interpreter alone; leave out --pdb and "
            "--trace"
        )
    target = config.option.interpreters_json
    folder = os.path.dirname(os.path.abspath(target)) if target else None
    if folder is not None and not os.path.isdir(folder):
        raise pytest.UsageError(
            f"--interpreters-json {target}: {folder} is not a folder; make it first"
        )
