"""pool/__init__.py: a pool of interpreters with the interface of concurrent.futures.Executor.

    with hpystate.InterpreterPool(2, modules=["atlas"]) as pool:
        print(list(pool.map(function, data)))

A worker imports this package too and needs little of it, so the names are imported when first used.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing is not imported into every worker
if TYPE_CHECKING:
    from hpystate.pool.errors import (
        BrokenInterpreterPool,
        RemoteTraceback,
        TaskInterrupted,
        TransferError,
        WorkerDied,
    )
    from hpystate.pool.executor import InterpreterPool

__all__ = [
    "InterpreterPool",
    "BrokenInterpreterPool",
    "RemoteTraceback",
    "TaskInterrupted",
    "TransferError",
    "WorkerDied",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = "executor" if name == "InterpreterPool" else "errors"
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{home}"), name)
