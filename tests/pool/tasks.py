"""tasks.py: functions that the workers of the tests import."""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import Any

#: Set by `start`, one value per interpreter.
started_with: list[Any] = []


class NotAgain(Exception):
    """Cannot be made from its args: unpickling calls it with one."""

    def __init__(self, first: int, second: int) -> None:
        super().__init__(f"{first} and {second}")


def double(value: Any) -> Any:
    return value * 2


def add(first: int, second: int, *, third: int = 0) -> int:
    return first + second + third


def start(*values: Any) -> None:
    started_with.extend(values)


def what_started() -> list[Any]:
    return started_with


def interpreter() -> int:
    from hpystate import _native

    return _native.state()["interpreter"]


def loaded(name: str) -> bool:
    return name in sys.modules


def fail(text: str) -> None:
    raise ValueError(text)


def fail_oddly() -> None:
    raise NotAgain(1, 2)


def spin(pipe: int) -> None:
    """Never ends; writes when it has begun."""
    os.write(pipe, b"s")
    while True:
        pass


def refuse_to_stop(pipe: int) -> str:
    try:
        spin(pipe)
    except BaseException:
        return "caught it"
    return ""


def wait_for(pipe: int) -> int:
    return len(os.read(pipe, 1))


def leave() -> None:
    sys.exit("a task called sys.exit")


def make_lock() -> Any:
    return threading.Lock()


def import_module(name: str) -> None:
    __import__(name)


def sleep(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def break_the_worker() -> None:
    """The worker's pipe of results becomes one that cannot be written."""
    from hpystate.pool import worker

    assert worker.current is not None
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, worker.current.results)
    os.close(nothing)
