"""pool/answer.py: what a worker answered, as the result or the exception of a future."""

from __future__ import annotations

import pickle
from concurrent.futures import Future
from typing import Any

from hpystate.pool import wire
from hpystate.pool.errors import RemoteTraceback, TaskInterrupted, TransferError

#: A future, and the kind and the bytes of the message that completes it.
Done = tuple[Future[Any], int, Any]


def pickle_or_text(
    data: Any, caught: type[BaseException] = BaseException
) -> tuple[BaseException | None, str]:
    """(exception, its traceback) of a message; None where this interpreter cannot unpickle it."""
    try:
        return pickle.loads(data)
    except caught as error:  # an exception's own code may raise anything
        return None, f"the worker's error cannot be unpickled: {type(error).__name__}: {error}"


def complete(
    future: Future[Any], kind: int, data: Any, caught: type[BaseException] = BaseException
) -> None:
    """Sets the result or the exception. What unpickling raises is an exception of the future, if it
    is a `caught`; the thread of a caller lets through what may be meant for itself, as Ctrl-C."""
    if future.done():
        return  # by a caller, before it was interrupted
    if kind == wire.RESULT:
        try:
            result = pickle.loads(data)
        except caught as error:
            told = TransferError(
                f"the result arrived and cannot be unpickled: {type(error).__name__}: {error}"
            )
            told.__cause__ = error
            future.set_exception(told)
        else:
            future.set_result(result)
    elif kind == wire.ERROR:
        error, text = pickle_or_text(data, caught)
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
