"""going_on.py: a pytest plugin: in debug mode a misuse is reported, and the program goes on."""

from __future__ import annotations

from hpystate import _native

reported: list[tuple[str, str]] = []


def note(kind: str, text: str) -> None:
    reported.append((kind, text))


def pytest_configure() -> None:
    _native._debug.set_on_misuse(note)
