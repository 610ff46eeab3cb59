"""outcome.py: the outcome of an action while an allocation fails; in every interpreter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import fault_control


def outcome_of(action: Callable[[], Any], n: int, lasting: int = 0) -> tuple[str, int, Any]:
    """The outcome of `action` with the n-th allocation failing; how many there were; its result."""
    result = None
    fault_control.fail_at(n, lasting)
    try:
        result = action()
    except MemoryError:
        count = fault_control.taken()
        outcome = "MemoryError"
    except BaseException as error:
        count = fault_control.taken()
        outcome = f"{type(error).__name__}: {error} <- {error.__context__!r}"
    else:
        count = fault_control.taken()
        outcome = "made"
    return outcome, count, result
