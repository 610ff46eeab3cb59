"""pool/dask.py: an executor for dask whose tasks run in the interpreters of a pool.

    with hpystate.InterpreterPool(2) as pool:
        dask.compute(*lazy, scheduler=DaskExecutor(pool))             # on this machine
        Worker(address, nthreads=2, executor=DaskExecutor(pool))      # a worker of distributed

dask hands an executor its own function with the task as an argument. That function imports dask
and, in a worker of distributed, psutil, which refuses interpreters. So it runs here, in a thread of
the interpreter that calls; of the task, only the user's function and its arguments go to the pool.

distributed's profiler must be off: it calls sys._current_frames(), which in CPython makes objects
of this interpreter for the frames of all of them. Workers then crash.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.thread import ThreadPoolExecutor
from copy import copy as copy_of
from typing import Any

from hpystate.pool.executor import InterpreterPool

try:
    import dask  # pyright: ignore[reportMissingImports]
    from dask._task_spec import (  # pyright: ignore[reportMissingImports]
        DataNode,
        GraphNode,
        NestedContainer,
        Task,
    )
except ImportError as error:
    raise ImportError(
        f"hpystate.pool.dask needs dask from 2025.1 on ({error}); "
        "type `pip install 'dask>=2025.1'`",
        name="dask",
    ) from error


class DaskExecutor(Executor):
    """Gives dask's tasks to `pool`, which its owner shuts down. dask decides by the name of this
    class how it calls it: the name of the standard pool of threads must not be in it."""

    def __init__(self, pool: InterpreterPool) -> None:
        if not isinstance(pool, InterpreterPool):
            raise TypeError(f"pool is {pool!r}; an hpystate.InterpreterPool was expected")
        if any(thread.name == "Profile" for thread in threading.enumerate()):
            raise RuntimeError(
                "distributed's profiler runs in this process and would crash the interpreters of "
                "the pool. Make the DaskExecutor before the first Worker, Client or cluster, or "
                "set DASK_DISTRIBUTED__WORKER__PROFILE__ENABLED=False in the environment"
            )
        dask.config.set({"distributed.worker.profile.enabled": False})
        self.pool = pool
        self._max_workers = pool._max_workers  # dask reads it
        self._threads = ThreadPoolExecutor(self._max_workers, "hpystate-dask")

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        return self._threads.submit(fn, *(self._rewrite(each) for each in args), **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _rewrite(self, thing: Any) -> Any:
        """`thing` with the function of each task in it called in the pool. A task is looked for in
        lists, tuples and dicts, as dask's own functions get them, and in other tasks."""
        kind = type(thing)
        if isinstance(thing, Task):
            return self._rewrite_task(thing)
        if kind in (list, tuple):
            return kind(self._rewrite(each) for each in thing)
        if kind is dict and any(isinstance(each, GraphNode) for each in thing.values()):
            return {key: self._rewrite(each) for key, each in thing.items()}
        return thing

    def _rewrite_task(self, task: Task) -> Task:
        if isinstance(task, DataNode):
            return task
        copy = copy_of(task)  # the graph is the caller's
        copy.args = tuple(self._rewrite(each) for each in task.args)
        copy.kwargs = {key: self._rewrite(each) for key, each in task.kwargs.items()}
        # dask's own, which call the functions of the tasks in their arguments
        if not isinstance(task, NestedContainer) and not task.has_subgraph():
            copy.func = _InPool(self.pool, task.func)
        return copy


class _InPool:
    """A function that runs in the pool, called from a thread of dask's."""

    def __init__(self, pool: InterpreterPool, function: Callable[..., Any]) -> None:
        self._pool = pool
        self._function = function

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._pool.submit(self._function, *args, **kwargs).result()
