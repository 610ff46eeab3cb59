"""conftest.py: what the tests of the layers share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpystate import debug


@pytest.fixture
def told() -> Iterator[list[tuple[str, str]]]:
    """What the hook was told: (kind, message)."""
    messages: list[tuple[str, str]] = []
    debug.set_on_misuse(lambda kind, text: messages.append((kind, text)))
    yield messages
    debug.set_on_misuse(None)
