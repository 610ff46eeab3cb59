"""wrapt.py: proxies and decorators by the C module, a wrapper that is not initialized."""

from __future__ import annotations

import wrapt


@wrapt.decorator
def twice(wrapped: object, instance: object, args: tuple, kwargs: dict) -> object:
    return 2 * wrapped(*args, **kwargs)  # type: ignore[operator]


class Shelf:
    @twice
    def size(self, n: int) -> int:
        return n + 1

    @twice
    @classmethod
    def made(cls, n: int) -> list[object]:
        return [cls.__name__, n]


def work(i: int) -> object:
    if wrapt.ObjectProxy.__mro__[1].__module__ != "_wrappers":
        raise ImportError("wrapt: its C module was expected, and it works in Python")
    proxy = wrapt.ObjectProxy([i, 2])
    proxy.append(3)
    proxy += [4]
    try:
        len(wrapt.ObjectProxy.__new__(wrapt.ObjectProxy))
    except (AttributeError, ValueError) as error:
        said = f"{type(error).__name__}: {error}"
    else:
        said = "nothing was raised"
    part = wrapt.PartialCallableObjectProxy(max, i)
    return (
        list(proxy),
        isinstance(proxy, list),
        type(proxy) is wrapt.ObjectProxy,
        Shelf().size(i),
        Shelf.made(i),
        part(3),
        type(Shelf.__dict__["size"]).__name__,
        said,
    )
