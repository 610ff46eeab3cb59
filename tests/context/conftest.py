"""conftest.py: the extension of a test file of the context, made of the file's SOURCE and SLOTS."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.context.snippet import functions


@pytest.fixture(scope="module")
def c(request: pytest.FixtureRequest) -> ModuleType:
    """The functions in C of the test file that asks."""
    stem = request.module.__name__.rpartition(".")[2]
    return functions(f"c_{stem}", request.module.SOURCE, getattr(request.module, "SLOTS", ()))
