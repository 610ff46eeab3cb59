"""pool/link.py: a worker as the pool sees it: its thread, its pipes, its task.

(lock) is the lock of the engine, which has the list of the threads (pool/engine.py).
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from hpystate.interpreters import create, destroy, execute
from hpystate.pool import wire
from hpystate.pool.worker import NUMBER


@dataclass(slots=True)
class Task:
    number: int
    future: Future[Any]
    data: bytes


class Worker:
    """A worker as the pool sees it."""

    def __init__(self, number: int, setup: bytes) -> None:
        self.number = number
        self.interpreter: int | None = None
        self.task: Task | None = None  # (lock)
        self.given = 0  # (lock) tasks that were sent
        self.tasks = self.errors = 0  # written by the collector
        self.seconds = 0.0
        self.ready = False  # written by the collector
        self.reason = "its loop has ended"  # written by its thread before it closes `answers`
        self._over = threading.Event()  # set by its thread when `reason` is final
        self._pipes: list[int] = []
        try:
            for _ in range(3):
                self._pipes += os.pipe()
        except OSError as error:
            self._close(self._pipes)
            raise RuntimeError(
                f"worker {number} of the pool needs six file descriptors: {error.strerror}. Close "
                "files, raise `ulimit -n`, or make a pool of fewer workers"
            ) from error
        tasks, self._give, self.results, answers, control, self._interrupt = self._pipes
        self._theirs = [tasks, answers, control]
        #: Guards `_open`, and that nothing is written into a pipe that was closed.
        self._writing = threading.Lock()
        self._open = True
        path = list(sys.path)
        script = (
            f"import sys; sys.path[:] = {path!r}\n"
            "from hpystate.pool.worker import main\n"
            f"main({number}, {(tasks, answers, control, self._interrupt)!r}, {setup!r})\n"
        )
        self.thread = threading.Thread(
            target=self._live, args=(script,), name=f"hpystate-worker-{number}"
        )

    def start(self) -> None:
        """RuntimeError: the system gives no thread; then nothing is left open."""
        try:
            self.thread.start()
        except RuntimeError:
            self.close()
            self._close(self._theirs)
            raise

    def _live(self, script: str) -> None:
        interpreter = None
        try:
            interpreter = create("own")
            self.interpreter = int(interpreter)
            failure = execute(interpreter, script)
            if failure is not None:
                self.reason = failure
        except BaseException as error:
            self.reason = f"{type(error).__name__}: {error}"
        self._over.set()
        # The reader of tasks first: a thread that writes into that pipe gets an error and leaves.
        self._close(self._theirs)
        if interpreter is not None:
            destroy(interpreter)

    def write(self, kind: int, task: Task | None = None) -> None:
        """Sends a message. A worker that has ended is found by the collector, at the end of its
        results."""
        with self._writing, contextlib.suppress(BrokenPipeError):
            if self._open and task is not None:
                wire.write(self._give, kind, task.number, data=task.data)
            elif self._open:
                wire.write(self._give, kind)

    def interrupt(self, number: int) -> None:
        with self._writing, contextlib.suppress(BrokenPipeError):
            if self._open:
                os.write(self._interrupt, NUMBER.pack(number))

    def why(self) -> str:
        """Why it has ended. Where a task closed the pipe, its end is waited for, ten seconds."""
        self._over.wait(10)
        return self.reason

    def close(self) -> None:
        """The pool's ends of the pipes."""
        with self._writing:
            if self._open:
                self._open = False
                self._close([self._give, self.results, self._interrupt])

    @staticmethod
    def _close(pipes: Iterable[int]) -> None:
        for pipe in pipes:
            os.close(pipe)


@dataclass
class Counters:
    """What a worker did; `worker` 0 stands for all that were replaced."""

    worker: int
    interpreter: int | None = None
    tasks: int = 0
    seconds: float = 0.0
    errors: int = 0
    working: bool = field(default=False)
