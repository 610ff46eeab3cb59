"""work.py: what a worker of the service does with a request. The workers import it by its name."""

from __future__ import annotations

import json
import os
import signal
import sys


def begin(folder: str) -> None:
    """Once in each worker: `readings` can be imported from `folder`."""
    import hpystate

    if folder not in sys.path:
        sys.path.insert(0, folder)
    hpystate.install()
    import readings  # noqa: F401 # the first request does not wait for it


def begin_process(folder: str) -> None:
    """The same in a process, which a terminal's Ctrl-C reaches too: the service ends it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    begin(folder)


def summarize(data: bytes) -> tuple[int, bytes]:
    """The status and the body of the answer to a text of measurements."""
    import readings

    try:
        answer = readings.summary(data)
    except (readings.ParseError, UnicodeDecodeError) as error:
        return 400, json.dumps({"error": str(error)}).encode()
    return 200, json.dumps(answer, sort_keys=True).encode()


def place() -> tuple[int, int]:
    """This worker's process and interpreter."""
    from hpystate import _native

    return os.getpid(), _native.state()["interpreter"]
