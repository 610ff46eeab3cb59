"""pool/executor.py: InterpreterPool, the interface of concurrent.futures.Executor."""

from __future__ import annotations

import itertools
import os
import pickle
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future
from types import TracebackType
from typing import Any

from hpystate.pool.engine import Counters, Engine
from hpystate.pool.errors import TransferError
from hpystate.pool.send import encode
from hpystate.pool.worker import call_each

#: The engines that threading's end of the process must close; written by the main interpreter only.
_alive: weakref.WeakSet[Engine] = weakref.WeakSet()


def _at_exit() -> None:
    """Before the threads are joined, while interpreters can still be ended. What waits is done, as
    in the standard executors; after Ctrl-C it is not, and what runs is interrupted."""
    stop = isinstance(getattr(sys, "last_value", None), KeyboardInterrupt)
    for engine in list(_alive):
        engine.close(cancel_futures=stop)
        if stop:
            engine.interrupt_all()
    for engine in list(_alive):
        engine.collector.join()


threading._register_atexit(_at_exit)  # type: ignore[attr-defined]


class InterpreterPool(Executor):
    """Runs functions in interpreters of this process, each with a GIL of its own.

    max_workers  how many; the processors of this process where it is None. They are made when
        there is work for them
    isolate  packages whose extensions are private images in each worker: ["numpy"], or
        ["*", "-torch"] for all but one (docs/isolate.md)
    modules  names that each worker imports before its first task
    initializer, initargs  a function that each worker calls then
    max_tasks_per_interpreter  a worker that has done so many is replaced by a new interpreter

    docs/pool.md has the limits and what differs between versions of CPython.
    """

    def __init__(
        self,
        max_workers: int | None = None,
        *,
        initializer: Callable[..., object] | None = None,
        initargs: tuple[Any, ...] = (),
        modules: Sequence[str] = (),
        max_tasks_per_interpreter: int | None = None,
        isolate: Sequence[str] = (),
    ) -> None:
        if max_workers is None:
            max_workers = len(os.sched_getaffinity(0))
        _check_count("max_workers", max_workers)
        if max_tasks_per_interpreter is not None:
            _check_count("max_tasks_per_interpreter", max_tasks_per_interpreter)
        if isinstance(modules, str) or not all(isinstance(name, str) for name in modules):
            raise TypeError(
                f"modules is {modules!r}; a list of names was expected: modules=['json']"
            )
        if isolate:
            _check_isolate(isolate)
        if initializer is not None and not callable(initializer):
            raise TypeError(f"initializer is {initializer!r}; a function was expected")
        start = None if initializer is None else encode_start(initializer, initargs)
        #: dask and others read the size here, as in the standard executors.
        self._max_workers = max_workers
        setup = pickle.dumps((list(isolate), list(modules), start))
        self._engine = Engine(max_workers, setup, max_tasks_per_interpreter)
        _alive.add(self._engine)
        # A pool that nobody has any more ends its workers.
        weakref.finalize(self, _abandon, self._engine).atexit = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """A task for one of the workers. It is pickled now: a later change of an argument is not
        seen. What cannot be pickled is an error of the future, TransferError."""
        if not callable(fn):
            raise TypeError(f"submit() got {fn!r}; a function was expected")
        future: Future[Any] = Future()
        try:
            data = encode(fn, args, kwargs)
        except TransferError as error:
            self._engine.check_open()
            future.set_running_or_notify_cancel()
            future.set_exception(error)
            return future
        self._engine.submit(data, future)
        return future

    def map(
        self,
        fn: Callable[..., Any],
        *iterables: Iterable[Any],
        timeout: float | None = None,
        chunksize: int = 1,
        buffersize: int | None = None,
        progress: bool | str = False,
    ) -> Iterator[Any]:
        """fn(*items) for each group of items, in their order.

        chunksize  so many calls travel as one task
        buffersize  so many tasks are under way; the iterables are read as results are taken. None:
            all at once
        progress  a bar on the standard error stream; a text is its title (needs rich)
        """
        _check_count("chunksize", chunksize)
        if buffersize is not None:
            _check_count("buffersize", buffersize)
        end = None if timeout is None else timeout + time.monotonic()
        chunks = _chunks(zip(*iterables, strict=False), chunksize)
        total = None
        if progress and iterables and all(hasattr(each, "__len__") for each in iterables):
            total = min(len(each) for each in iterables)  # type: ignore[arg-type]
        bar = _Bar(progress, total) if progress else None

        def start(chunk: tuple[tuple[Any, ...], ...]) -> Future[Any]:
            future = self.submit(call_each, fn, chunk) if chunksize > 1 else self.submit(
                fn, *chunk[0]
            )  # fmt: skip
            if bar is not None:
                future.add_done_callback(lambda _: bar.advance(len(chunk)))
            return future

        # Here and not in the generator: the tasks begin now, before a result is taken.
        under_way = deque(start(chunk) for chunk in itertools.islice(chunks, buffersize))

        def results() -> Iterator[Any]:
            try:
                while under_way:
                    left = None if end is None else max(0.0, end - time.monotonic())
                    result = under_way[0].result(left)
                    under_way.popleft()
                    for chunk in itertools.islice(chunks, 1):
                        under_way.append(start(chunk))
                    if chunksize > 1:
                        yield from result
                    else:
                        yield result
            finally:
                for future in under_way:
                    future.cancel()
                if bar is not None:
                    bar.close()

        return results()

    def interrupt(self, future: Future[Any]) -> bool:
        """Cancels a task that waits, or stops one that runs: its result() raises TaskInterrupted.

        False where it is neither. A task stops at its next line, jump or call of a Python
        function; one that waits in C (time.sleep, a lock, a socket) stops when it is back.
        """
        return self._engine.interrupt(future)

    def counters(self) -> list[Counters]:
        """Tasks, seconds and errors of each worker; worker 0 is the sum of those replaced."""
        return self._engine.counters()

    def shutdown(
        self, wait: bool = True, *, cancel_futures: bool = False, interrupt: bool = False
    ) -> None:
        """As concurrent.futures has it; with `interrupt` the tasks that run are stopped too."""
        self._engine.close(cancel_futures)
        if interrupt:
            self._engine.interrupt_all()
        if wait:
            self._engine.collector.join()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool | None:
        ctrl_c = kind is not None and issubclass(kind, KeyboardInterrupt)
        self.shutdown(wait=True, cancel_futures=ctrl_c, interrupt=ctrl_c)
        return None


def _abandon(engine: Engine) -> None:
    """Runs in the garbage collector: no lock (engine.py)."""
    engine.abandoned = True
    engine.wake()


def encode_start(initializer: Callable[..., object], initargs: tuple[Any, ...]) -> bytes:
    try:
        return encode(initializer, tuple(initargs), {})
    except TransferError as error:
        raise TransferError(f"initializer or initargs: {error}") from error


def _check_isolate(names: Sequence[str]) -> None:
    if isinstance(names, str):
        raise TypeError(f"isolate is {names!r}; a list of names was expected: isolate=['numpy']")
    from hpystate.images.choice import split

    split(names, "isolate")


def _check_count(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is {value!r}; a whole number was expected")
    if value < 1:
        raise ValueError(f"{name} is {value}; 1 or more was expected")


def _chunks(groups: Iterator[Any], size: int) -> Iterator[tuple[Any, ...]]:
    while chunk := tuple(itertools.islice(groups, size)):
        yield chunk


class _Bar:
    """The progress of a map(), on the standard error stream."""

    def __init__(self, title: bool | str, total: int | None) -> None:
        try:
            from rich.console import Console
            from rich.progress import Progress
        except ImportError:
            raise ImportError(
                "map(progress=...) needs rich; type `pip install rich`", name="rich"
            ) from None
        self._progress = Progress(console=Console(stderr=True))
        self._task = self._progress.add_task(
            title if isinstance(title, str) else "tasks", total=total
        )
        self._progress.start()

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def close(self) -> None:
        self._progress.stop()
