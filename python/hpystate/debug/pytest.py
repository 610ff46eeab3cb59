"""pytest.py: a fixture that fails a test which leaves handles open: `hpy_debug`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hpystate.debug.leakdetector import LeakDetector


@pytest.fixture
def hpy_debug() -> Iterator[LeakDetector]:
    """Watches the handles of modules in debug mode while the test runs."""
    with LeakDetector() as detector:
        yield detector
