"""conftest.py: the extension of these tests, for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.inspect import holder


@pytest.fixture
def module() -> Iterator[Any]:
    """`holder`, with nothing in its globals before and after."""
    loaded = holder.load()
    loaded.clear()
    yield loaded
    loaded.clear()
