"""interpreters.py: makes, runs and ends interpreters, by the module that this CPython has."""

from __future__ import annotations

import contextlib
import sys
import threading
from typing import Any, Literal

if sys.version_info >= (3, 13):
    import _interpreters  # pyright: ignore[reportMissingImports]
else:
    import _xxsubinterpreters as _interpreters  # pyright: ignore[reportMissingImports]

Gil = Literal["own", "shared"]

#: One interpreter is made at a time: on 3.12 and 3.13 threads that do so at once meet in CPython's
#: own structures, and on 3.12 those that end one as well (docs/cpython-faults.md).
_one_at_a_time = threading.Lock()


def create(gil: Gil) -> Any:
    """A new interpreter; int() of it is its PyInterpreterState_GetID."""
    if gil not in ("own", "shared"):
        raise ValueError(f"gil is {gil!r}; 'own' or 'shared' was expected")
    with _one_at_a_time:
        if sys.version_info >= (3, 13):
            return _interpreters.create("isolated" if gil == "own" else "legacy")
        return _interpreters.create(isolated=gil == "own")


def execute(interpreter: Any, script: str) -> str | None:
    """Runs `script` on this thread in the interpreter's __main__; what it raised, as a text."""
    refused = getattr(_interpreters, "RunFailedError", ())  # 3.12 raises, 3.13 returns
    try:
        failure = _interpreters.run_string(interpreter, script)
    except refused as error:
        return str(error)
    return None if failure is None else str(getattr(failure, "formatted", failure))


def destroy(interpreter: Any) -> None:
    """Ends the interpreter; waits for its threads. On 3.12 no other is made or ended meanwhile."""
    with _one_at_a_time if sys.version_info < (3, 13) else contextlib.nullcontext():
        _interpreters.destroy(interpreter)


def handle_of(identity: int) -> Any:
    """What execute() takes, for a PyInterpreterState_GetID. Raises RuntimeError or, from 3.13 on in
    execute(), InterpreterNotFoundError where that interpreter has ended."""
    return identity if sys.version_info >= (3, 13) else _interpreters.InterpreterID(identity)
