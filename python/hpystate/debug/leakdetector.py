"""leakdetector.py: handles that a piece of code opened and left open."""

from __future__ import annotations

from hpystate import _native

TYPE_CHECKING = False  # see finder.py
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType


class HPyDebugError(Exception):
    """What debug mode found."""


class HPyLeakError(HPyDebugError):
    """Handles were left open; `leaks` are their DebugHandles."""

    def __init__(self, leaks: Sequence[object]) -> None:
        super().__init__()
        self.leaks = leaks

    def __str__(self) -> str:
        count = len(self.leaks)
        head = f"{count} unclosed handle{'s' if count != 1 else ''}:"
        return "\n".join([head, *(f"    {leak!r}" for leak in self.leaks)])


class LeakDetector:
    """Raises HPyLeakError where handles that were opened since start() are open at stop().

    Handles of this interpreter, of all modules in debug mode. A context manager.
    """

    def __init__(self) -> None:
        self.generation: int | None = None

    def start(self) -> None:
        if self.generation is not None:
            raise ValueError("LeakDetector.start: it was started before; make another one")
        self.generation = _native._debug.new_generation()

    def stop(self) -> None:
        if self.generation is None:
            raise ValueError("LeakDetector.stop: it was not started")
        leaks = _native._debug.get_open_handles(self.generation)
        if leaks:
            raise HPyLeakError(leaks)

    def __enter__(self) -> LeakDetector:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()
