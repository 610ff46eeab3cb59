"""propcache.py: both kinds of cached property, their descriptors, a value that is set."""

from __future__ import annotations

from propcache import _helpers
from propcache.api import cached_property, under_cached_property


class Circle:
    def __init__(self, n: int) -> None:
        self.n, self.calls, self._cache = n, 0, {}

    @cached_property
    def area(self) -> int:
        self.calls += 1
        return self.n * self.n

    @under_cached_property
    def name(self) -> str:
        """The name."""
        self.calls += 1
        return f"circle {self.n}"


def work(i: int) -> object:
    if cached_property is not getattr(_helpers, "cached_property_c", None):
        raise ImportError("propcache: its C module was expected, and it works in Python")
    circle = Circle(i)
    values = [circle.area, circle.area, circle.name, circle.name]
    try:
        circle.name = "other"
    except AttributeError as error:
        said = str(error)
    else:
        said = "nothing was raised"
    return (
        values,
        circle.calls,
        circle._cache,
        type(Circle.name) is under_cached_property,
        Circle.name.__doc__,
        said,
    )
