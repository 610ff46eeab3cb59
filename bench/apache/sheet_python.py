"""sheet_python.py: the module `sheet` in pure Python: the same names, the same answers."""

from __future__ import annotations

KEYS = 64
title: object = None
cache: dict[int, tuple[object, int]] = {}


def start(to: object) -> None:
    """start(title): whose pages page() makes."""
    global title
    title = to


def page(number: int, rows: int) -> tuple[object, int, int, int]:
    """page(number, rows): (title, number, sum of the rows, rows of another title)."""
    total = foreign = 0
    for i in range(rows):
        key = (number + i) % KEYS
        if key in cache:
            entry = cache[key]
        else:
            entry = cache[key] = (title, key)
        total += entry[1]
        foreign += entry[0] is not title
    return title, number, total, foreign
