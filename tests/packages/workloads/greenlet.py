"""greenlet.py: greenlets that switch, raise, are thrown into, and are killed."""

from __future__ import annotations

import greenlet


def work(i: int) -> object:
    seen: list[object] = []

    def inner(value: int) -> str:
        while value < 5:
            value = outer_let.switch(value + 1)
            seen.append(value)
        return "inner ended"

    def outer() -> str:
        value = 0
        while value < 4:
            value = inner_let.switch(value)
            seen.append(-value)
        return "outer ended"

    outer_let, inner_let = greenlet.greenlet(outer), greenlet.greenlet(inner)
    end = outer_let.switch()

    def waits() -> None:
        try:
            greenlet.getcurrent().parent.switch(f"waits {i}")
        except ValueError as error:
            seen.append(str(error))

    waiting = greenlet.greenlet(waits)
    first = waiting.switch()
    waiting.throw(ValueError(f"thrown {i}"))
    killed = greenlet.greenlet(lambda: greenlet.getcurrent().parent.switch("before"))
    killed.switch()
    ended = killed.throw()
    return end, first, seen, repr(type(ended).__name__), killed.dead, waiting.dead
