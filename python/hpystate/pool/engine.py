"""pool/engine.py: the workers of a pool, its queue, and the thread that collects results.

Threads:
  a caller       submit() gives the task to a worker that waits, or puts it into `pending`
  the collector  one for each pool: reads the results, gives the worker its next task, then
                 completes the future
  one for each worker: makes its interpreter and runs its loop in it (pool/link.py, pool/worker.py)

`lock` guards what has (lock) beside it. It is held for a few operations on lists, and while a
thread starts; never while a pipe is written, something is pickled, or code of the user runs. The
finalizer of a pool takes no lock, since the garbage collector may run it anywhere: it sets
`abandoned` and writes to a pipe; the collector does the rest.
"""

from __future__ import annotations

import os
import pickle
import select
import threading
import weakref
from collections import deque
from concurrent.futures import Future
from typing import Any

from hpystate.pool import wire
from hpystate.pool.errors import (
    BrokenInterpreterPool,
    RemoteTraceback,
    TaskInterrupted,
    TransferError,
    WorkerDied,
)
from hpystate.pool.link import Counters, Task, Worker


class Engine:
    def __init__(self, size: int, setup: bytes, tasks_per_interpreter: int | None) -> None:
        self.size = size
        self._setup = setup
        self._limit = tasks_per_interpreter
        self.lock = threading.Lock()
        self.workers: dict[int, Worker] = {}  # (lock) by its pipe of results
        self.idle: list[Worker] = []  # (lock)
        self.pending: deque[Task] = deque()  # (lock)
        self.ended = Counters(0)  # (lock) of the workers that are gone
        self.broken: BrokenInterpreterPool | None = None  # (lock)
        self.closing = False  # (lock)
        self.abandoned = False  # set by the finalizer of the pool
        self._tasks = self._made = 0  # (lock) their last numbers
        self._threads: list[threading.Thread] = []  # (lock) of workers
        self._poll = select.epoll()
        self._woken, self._wake = os.pipe()
        self._poll.register(self._woken, select.EPOLLIN)
        # Closed when nobody has the engine any more: then nobody can write.
        weakref.finalize(self, _close, self._poll, self._woken, self._wake)
        self.collector = threading.Thread(target=self._collect, name="hpystate-collector")
        self.collector.start()

    # ---- callers -------------------------------------------------------------------------------

    def submit(self, data: bytes, future: Future[Any]) -> None:
        with self.lock:
            self.check_open()
            self._tasks += 1
            task = Task(self._tasks, future, data)
            future.number = task.number  # type: ignore[attr-defined]
            worker = self.idle.pop() if self.idle else None
            if worker is None:
                self.pending.append(task)
                try:
                    self._grow(1)
                except RuntimeError:
                    if not self.workers:
                        self.pending.pop()
                        raise
                return
            future.set_running_or_notify_cancel()  # new: nobody can have cancelled it
            worker.task = task
            worker.given += 1
        worker.write(wire.CALL, task)

    def check_open(self) -> None:
        if self.broken is not None:
            raise self.broken
        if self.closing:
            raise RuntimeError(
                "the pool was shut down; make a new InterpreterPool, or submit before shutdown()"
            )

    def _grow(self, wanted: int) -> None:
        """(lock) Starts `wanted` workers, as far as the size of the pool allows."""
        for _ in range(min(wanted, self.size - len(self.workers))):
            self._made += 1
            worker = Worker(self._made, self._setup)
            worker.start()  # first: one that cannot start is not in the lists
            self.workers[worker.results] = worker
            self._threads = [thread for thread in self._threads if thread.is_alive()]
            self._threads.append(worker.thread)
            self._poll.register(worker.results, select.EPOLLIN)

    def interrupt(self, future: Future[Any]) -> bool:
        if future.cancel():
            return True
        with self.lock:
            worker = self._worker_of(future)
            number = worker.task.number if worker is not None and worker.task is not None else 0
        if worker is None:
            return False
        worker.interrupt(number)
        return True

    def _worker_of(self, future: Future[Any]) -> Worker | None:
        for worker in self.workers.values():
            if worker.task is not None and worker.task.future is future:
                return worker
        return None

    def interrupt_all(self) -> None:
        with self.lock:
            running = [(each, each.task.number) for each in self.workers.values() if each.task]
        for worker, number in running:
            worker.interrupt(number)

    def close(self, cancel_futures: bool) -> None:
        """Takes no more tasks; the collector ends when the last one is done."""
        with self.lock:
            self.closing = True
            cancelled = list(self.pending) if cancel_futures else []
            if cancel_futures:
                self.pending.clear()
        for task in cancelled:
            task.future.cancel()
            task.future.set_running_or_notify_cancel()  # wakes who waits
        self.wake()

    def wake(self) -> None:
        os.write(self._wake, b"w")

    def counters(self) -> list[Counters]:
        with self.lock:
            rows = [
                Counters(w.number, w.interpreter, w.tasks, w.seconds, w.errors, w.task is not None)
                for w in self.workers.values()
            ]
            gone = self.ended
            if gone.tasks or gone.errors:
                rows.insert(0, Counters(0, None, gone.tasks, gone.seconds, gone.errors))
        return rows

    # ---- the collector -------------------------------------------------------------------------

    def _collect(self) -> None:
        while not self._finished():
            for pipe, _ in self._poll.poll():
                if pipe == self._woken:
                    os.read(self._woken, 4096)
                    self._on_wake()
                else:
                    self._read(self.workers[pipe])
        with self.lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join()

    def _finished(self) -> bool:
        with self.lock:
            return self.closing and not self.workers and not self.pending

    def _on_wake(self) -> None:
        with self.lock:
            self.closing = self.closing or self.abandoned
            if not self.closing:
                return
            idle, self.idle = self.idle, []
            # A worker that is still starting is not idle; READY finds that the pool closes.
        for worker in idle:
            worker.write(wire.END)

    def _read(self, worker: Worker) -> None:
        message = wire.read(worker.results)
        if message is None:
            self._gone(worker)
            return
        kind, _, seconds, data = message
        if kind == wire.NOT_STARTED:
            error, text = pickle_or_text(data)
            worker.reason = text
            self._break(worker, error, text)
            return
        if kind == wire.READY:
            worker.ready = True
            self._next(worker)
            return
        task = worker.task
        assert task is not None
        worker.tasks += 1
        worker.seconds += seconds
        worker.errors += kind != wire.RESULT
        self._next(worker)  # first: the worker is busy while the future is completed
        complete(task.future, kind, data)

    def _next(self, worker: Worker) -> None:
        """Gives the worker a task, or lets it wait, or tells it to leave."""
        with self.lock:
            worker.task = None
            if self._limit is not None and worker.given >= self._limit:
                task = None
                leave = True
            else:
                task = self._take()
                leave = task is None and self.closing
            if task is not None:
                worker.task = task
                worker.given += 1
            elif not leave:
                self.idle.append(worker)
        if task is not None:
            worker.write(wire.CALL, task)
        elif leave:
            worker.write(wire.END)

    def _take(self) -> Task | None:
        """(lock) The oldest task that was not cancelled."""
        while self.pending:
            task = self.pending.popleft()
            if task.future.set_running_or_notify_cancel():
                return task
        return None

    def _break(self, worker: Worker, error: BaseException | None, text: str) -> None:
        """No worker can start: every task that waits gets the reason."""
        told = BrokenInterpreterPool(
            f"worker {worker.number} could not start: {_last_line(text)} (the cause above has all "
            "of it). Correct isolate=, modules=, initializer= or initargs=, then make a new "
            "InterpreterPool"
        )
        cause = error if error is not None else RemoteTraceback(text)
        if error is not None:
            error.__cause__ = RemoteTraceback(text)
        told.__cause__ = cause
        with self.lock:
            self.broken = told
            self.closing = True
            waiting, self.pending = self.pending, deque()
        for task in waiting:
            if task.future.set_running_or_notify_cancel():
                task.future.set_exception(told)
        self.wake()

    def _gone(self, worker: Worker) -> None:
        """The worker has closed its results: it was told to leave, or its loop broke."""
        self._poll.unregister(worker.results)
        with self.lock:
            del self.workers[worker.results]
            if worker in self.idle:
                self.idle.remove(worker)
            task, worker.task = worker.task, None
            self.ended.tasks += worker.tasks
            self.ended.seconds += worker.seconds
            self.ended.errors += worker.errors + (task is not None)
        why = worker.why()
        worker.close()
        if not worker.ready and self.broken is None:
            self._break(worker, None, why)
        if task is not None:
            task.future.set_exception(
                WorkerDied(
                    f"worker {worker.number} (interpreter {worker.interpreter}) ended while it had "
                    f"this task: {_last_line(why)}. The pool replaces it; submit the task again"
                )
            )
        with self.lock:
            try:
                self._grow(len(self.pending))
            except RuntimeError as error:
                if self.workers:
                    return  # those that are there do the rest
                failure = error
            else:
                return
        self._break(worker, failure, str(failure))


def _close(poll: select.epoll, *pipes: int) -> None:
    poll.close()
    for pipe in pipes:
        os.close(pipe)


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line and not line.startswith(" ")]
    found = [line for line in lines if not line.startswith("in worker ")]
    return (found or lines or ["without a message"])[-1]


def pickle_or_text(data: Any) -> tuple[BaseException | None, str]:
    """(exception, its traceback) of a message; None where this interpreter cannot unpickle it."""
    try:
        return pickle.loads(data)
    except BaseException as error:  # an exception's own code may raise anything
        return None, f"the worker's error cannot be unpickled: {type(error).__name__}: {error}"


def complete(future: Future[Any], kind: int, data: Any) -> None:
    if kind == wire.RESULT:
        try:
            result = pickle.loads(data)
        except BaseException as error:
            told = TransferError(
                f"the result arrived and cannot be unpickled: {type(error).__name__}: {error}"
            )
            told.__cause__ = error
            future.set_exception(told)
        else:
            future.set_result(result)
    elif kind == wire.ERROR:
        error, text = pickle_or_text(data)
        if error is None:
            error = TransferError(text)
        else:
            error.__cause__ = RemoteTraceback(text)
        future.set_exception(error)
    elif kind == wire.INTERRUPTED:
        told = TaskInterrupted("the task was interrupted while it ran")
        told.__cause__ = RemoteTraceback(bytes(data).decode())
        future.set_exception(told)
    else:
        future.set_exception(TransferError(bytes(data).decode()))
