"""pool/send.py: pickles a task in the main interpreter: pickle, then cloudpickle."""

from __future__ import annotations

import io
import pickle
from types import FunctionType
from typing import Any

from hpystate.pool.errors import TransferError

INSTALL = "pip install cloudpickle"


def encode(function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bytes:
    """The pickle of a call. Raises TransferError.

    pickle names a function of __main__ by its module, and the worker's __main__ is another one:
    where the pickle has that name in it, cloudpickle sends the code instead.
    """
    call = (function, args, kwargs)
    try:
        data = pickle.dumps(call, 5)
        if b"__main__" not in data:
            return data
        reason = None
    except Exception as error:  # __reduce__ of anything
        data, reason = b"", error
    try:
        import cloudpickle  # pyright: ignore[reportMissingImports]
    except ImportError:
        if reason is None:
            name = _named_in_main(call)
            if name is None:
                return data  # a text in the data is __main__
            raise TransferError(
                f"{name} is defined in __main__, which a worker cannot import. Type `{INSTALL}`, "
                f"or move it into a module"
            ) from None
        raise TransferError(
            f"{_name(function)} or its arguments cannot be pickled: {reason}. Type `{INSTALL}`, "
            "which can send closures, lambdas and what __main__ defines"
        ) from reason
    try:
        return cloudpickle.dumps(call, 5)
    except Exception as error:
        raise TransferError(
            f"{_name(function)} or its arguments cannot be pickled, and not by cloudpickle: "
            f"{type(error).__name__}: {error}. Pass plain data, or open it inside the task"
        ) from error


def _name(function: Any) -> str:
    return str(getattr(function, "__qualname__", None) or repr(function))


def _named_in_main(call: Any) -> str | None:
    """What of __main__ the call names."""
    found: list[str] = []

    class Finder(pickle.Pickler):
        def reducer_override(self, obj: Any) -> Any:
            if isinstance(obj, type | FunctionType) and obj.__module__ == "__main__":
                found.append(obj.__qualname__)
            return NotImplemented

    Finder(io.BytesIO(), 5).dump(call)
    return found[0] if found else None
