"""test_waiting.py: the thread that waits for a result reads it itself, and may be interrupted."""

from __future__ import annotations

import itertools
import linecache
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import TimeoutError as OutOfTime
from types import CodeType, FrameType
from typing import Any

import pytest

from hpystate.pool import InterpreterPool, WorkerDied, answer, engine, wire
from tests.pool import tasks

SECONDS = 60


class InjectedError(BaseException):
    """As KeyboardInterrupt: no handler of ours catches it."""


@pytest.fixture(scope="module")
def pool() -> Iterator[InterpreterPool]:
    with InterpreterPool(2) as made:
        yield made


def test_many_threads_wait_for_one_result(pool: InterpreterPool) -> None:
    future = pool.submit(time.sleep, 0.2)
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(future.result(SECONDS))) for _ in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
    assert found == [None] * 5


def test_a_timeout_leaves_the_result_to_the_collector(pool: InterpreterPool) -> None:
    done = threading.Event()
    future = pool.submit(time.sleep, 0.3)
    future.add_done_callback(lambda _: done.set())
    begin = time.monotonic()
    with pytest.raises(OutOfTime):
        future.result(0.05)
    with pytest.raises(OutOfTime):
        future.exception(0.05)
    assert time.monotonic() - begin < 0.3
    assert done.wait(SECONDS)
    assert future.result(0) is None


def test_a_callback_may_wait_for_another_result(pool: InterpreterPool) -> None:
    found: list[int] = []

    def then(_: Any) -> None:
        found.append(pool.submit(tasks.double, 4).result(SECONDS))

    first = pool.submit(tasks.double, 1)
    first.add_done_callback(then)
    assert first.result(SECONDS) == 2
    deadline = time.monotonic() + SECONDS
    while not found and time.monotonic() < deadline:
        time.sleep(0.01)
    assert found == [8]


def test_a_worker_that_ends_meanwhile_is_told(pool: InterpreterPool) -> None:
    with pytest.raises(WorkerDied, match="ended while it had this task"):
        pool.submit(tasks.break_the_worker).result(SECONDS)
    assert pool.submit(tasks.double, 2).result(SECONDS) == 4


#: Where a message is read and its future completed: what an exception may leave half done.
STEPS: tuple[CodeType, ...] = tuple(
    function.__code__
    for function in (engine.Engine._read, engine.Engine._next, wire.read, answer.complete)
)


def _may_come(frame: FrameType) -> bool:
    """Whether CPython lets a signal in at this line. At the end of a `with` it does not, where a
    trace function is called before __exit__ is."""
    line = linecache.getline(frame.f_code.co_filename, frame.f_lineno)
    return frame.f_code in STEPS and not line.lstrip().startswith("with ")


def test_an_exception_at_any_line_loses_no_result_without_a_word(pool: InterpreterPool) -> None:
    lines, wanted = 0, 1
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        seen = itertools.count(1)

        def on_line(frame: FrameType, event: str, _: Any, seen: Any = seen, n: int = wanted) -> Any:
            if event == "line" and _may_come(frame) and next(seen) == n:
                raise InjectedError
            return on_line

        time.sleep(0.01)  # the worker waits, so the task is given to it at once
        future = pool.submit(tasks.sleep, 0.02)
        sys.settrace(on_line)
        try:
            future.result(SECONDS)
            hit = False
        except InjectedError:
            hit = True
        finally:
            sys.settrace(None)
        try:
            assert future.result(SECONDS) == 0.02
        except WorkerDied as error:
            assert "an exception came while the result was read" in str(error)
        assert pool.submit(tasks.double, wanted).result(SECONDS) == 2 * wanted
        helped = next(seen) > 1  # else the collector read the result
        if helped and not hit:
            break
        lines += hit
        wanted = lines + 1
    assert lines > 20, f"the result was read in {lines} lines of this thread"
