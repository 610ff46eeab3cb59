"""pool/errors.py: what a pool raises."""

from __future__ import annotations

import pickle
from concurrent.futures import BrokenExecutor, CancelledError


class BrokenInterpreterPool(BrokenExecutor):
    """A worker could not start; the pool takes no more tasks. The message has the reason."""


class WorkerDied(BrokenExecutor):
    """The worker ended while it had this task. The pool goes on with another worker."""


class TaskInterrupted(CancelledError):
    """The task ran and was stopped, by InterpreterPool.interrupt() or by Ctrl-C."""


class TransferError(pickle.PicklingError):
    """A task or its result cannot be sent to another interpreter."""


class RemoteTraceback(Exception):
    """The cause of an error of a task: its traceback in the worker, as a text."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"
