"""interpreters.py: makes, runs and ends interpreters, by the module that this CPython has."""

from __future__ import annotations

import sys
import threading
from typing import Any, Literal

if sys.version_info >= (3, 13):
    import _interpreters  # pyright: ignore[reportMissingImports]
else:
    import _xxsubinterpreters as _interpreters  # pyright: ignore[reportMissingImports]

Gil = Literal["own", "shared"]

#: One interpreter is made at a time: the caller's GIL is released while the new one imports its
#: first modules, and nothing of CPython's promises that two may do so at once.
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
    """Ends the interpreter; waits for its threads."""
    _interpreters.destroy(interpreter)
