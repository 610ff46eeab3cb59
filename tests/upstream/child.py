"""child.py: runs pytest in an interpreter of one kind, in this process.

    child.py KIND ARGUMENTS...     KIND: main, legacy, own-gil; the arguments are pytest's

Results go through the pipe that HPYSTATE_SUITE_PIPE names, test by test, so a crash loses one. The
process leaves by os._exit: CPython 3.12.1 may abort at exit after what pytest imports, without us.
"""

from __future__ import annotations

import datetime  # noqa: F401: the main interpreter must import it first (gh-117398)
import faulthandler
import json
import os
import sys

import leaks
from guest import run_in

RUN = """
import sys, types
sys.path[:] = {path!r}
sys.argv = ["pytest"]
if {guest}:
    # The module refuses subinterpreters; a nested pytest of the suite's asks for it.
    stand_in = types.ModuleType("faulthandler")
    stand_in.is_enabled = lambda: False
    stand_in.enable = stand_in.disable = lambda *args, **kwargs: None
    stand_in.cancel_dump_traceback_later = lambda: None
    stand_in.dump_traceback_later = lambda *args, **kwargs: None
    sys.modules["faulthandler"] = stand_in
    sys.executable = {executable!r}  # tests that start a Python start one of this kind
import hpystate
hpystate.install()
import pytest
if pytest.main({arguments!r}) not in (0, 1, 5):  # passed, failed, nothing selected
    raise SystemExit("pytest could not run the suite")
"""


def main(kind: str, arguments: list[str]) -> None:
    executable = os.path.join(os.path.dirname(os.path.abspath(__file__)), "as-python.sh")
    guest = kind != "main"
    run_in(kind, RUN.format(path=sys.path, guest=guest, executable=executable, arguments=arguments))


def report_leaks() -> None:
    """With run.py --leaks: what we lost goes through the pipe."""
    if "HPYSTATE_SUITE_LEAKS" not in os.environ:
        return
    pipe = int(os.environ["HPYSTATE_SUITE_PIPE"])
    for text in leaks.find():
        os.write(pipe, json.dumps({"event": "leak", "text": text}).encode() + b"\n")
    os.write(pipe, json.dumps({"event": "looked for leaks"}).encode() + b"\n")


if __name__ == "__main__":
    status = 1
    # A copy: pytest puts a file of its own where stderr is.
    faulthandler.enable(file=os.dup(2), all_threads=True)
    try:
        main(sys.argv[1], sys.argv[2:])
        report_leaks()
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
