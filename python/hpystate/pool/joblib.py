"""pool/joblib.py: a backend of joblib whose jobs run in interpreters.

hpystate.pool.joblib.register()
with joblib.parallel_config(backend="interpreters", n_jobs=2):
    joblib.Parallel()(joblib.delayed(function)(i) for i in range(10))
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from hpystate.pool.executor import InterpreterPool
from hpystate.pool.worker import call_in_turn

try:
    from joblib.parallel import (  # pyright: ignore[reportMissingImports]
        AutoBatchingMixin,
        ParallelBackendBase,
        register_parallel_backend,
    )
except ImportError as error:
    raise ImportError(
        f"hpystate.pool.joblib needs joblib ({error}); type `pip install joblib`", name="joblib"
    ) from error


class InterpreterBackend(AutoBatchingMixin, ParallelBackendBase):
    """Options of parallel_config() are those of InterpreterPool: modules=["atlas"]."""

    supports_retrieve_callback = True

    def __init__(self, **options: Any) -> None:
        base = {"nesting_level": options.pop("nesting_level", None)}
        super().__init__(**base)
        self._options = options
        self._pool: InterpreterPool | None = None

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        if n_jobs == 0:
            raise ValueError("n_jobs is 0; 1 or more, or -1 for all processors, was expected")
        if n_jobs is None:
            return 1
        processors = len(os.sched_getaffinity(0))
        return n_jobs if n_jobs > 0 else max(1, processors + 1 + n_jobs)

    def configure(self, n_jobs: int = 1, parallel: Any = None, **options: Any) -> int:
        self.parallel = parallel
        n_jobs = self.effective_n_jobs(n_jobs)
        known = ("isolate", "modules", "initializer", "initargs", "max_tasks_per_interpreter")
        self._options |= {name: options[name] for name in known if name in options}
        self._pool = InterpreterPool(n_jobs, **self._options)
        return n_jobs

    def submit(self, func: Any, callback: Callable[[Any], None] | None = None) -> Future[Any]:
        assert self._pool is not None
        # The batch is an object of joblib: what a worker calls is the user's functions alone.
        calls = list(func.items)
        future = self._pool.submit(call_in_turn, calls)
        if callback is not None:
            future.add_done_callback(callback)
        return future

    def retrieve_result_callback(self, out: Future[Any]) -> Any:
        return out.result()

    def terminate(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def abort_everything(self, ensure_ready: bool = True) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True, interrupt=True)
            self._pool = None
        if ensure_ready:
            self.configure(n_jobs=self.parallel.n_jobs, parallel=self.parallel)


def register(name: str = "interpreters", **options: Any) -> None:
    """Makes the backend known to joblib; `options` are InterpreterPool's."""
    register_parallel_backend(name, functools.partial(InterpreterBackend, **options))
