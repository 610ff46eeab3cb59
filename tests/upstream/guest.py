"""guest.py: interpreters of the three kinds that the suite runs in, and telling which one this is.

It uses CPython's own modules only: what the harness reports about an interpreter must not use the
runtime that is under test.
"""

from __future__ import annotations

import _thread
import sys

if sys.version_info >= (3, 13):
    import _interpreters  # pyright: ignore[reportMissingImports]
else:
    import _xxsubinterpreters as _interpreters  # pyright: ignore[reportMissingImports]

KINDS = ("main", "legacy", "own-gil")


def kind_here() -> str:
    """The kind of the calling interpreter.

    CPython's isolated configuration brings the GIL of its own and the ban on daemon threads
    together, and its legacy configuration has neither. 3.12 tells the ban alone.
    """
    current = _interpreters.get_current()
    number = current[0] if isinstance(current, tuple) else current  # 3.13: (id, who made it)
    if int(number) == 0:
        return "main"
    return "legacy" if _thread.daemon_threads_allowed() else "own-gil"


def run_in(kind: str, code: str) -> None:
    """Executes code in a new interpreter of a kind, or in this one; raises what it raised.

    The interpreter stays: its process leaves by os._exit. See docs/cpython-faults.md.
    """
    if kind == "main":
        exec(compile(code, "<suite>", "exec"), {"__name__": "__main__"})
        return
    isolated = kind == "own-gil"
    if sys.version_info >= (3, 13):
        handle = _interpreters.create("isolated" if isolated else "legacy")
        failure = _interpreters.run_string(handle, code)
        if failure is not None:
            raise RuntimeError(f"{kind}: {failure}")
        return
    handle = _interpreters.create(isolated=isolated)
    _interpreters.run_string(handle, code)
