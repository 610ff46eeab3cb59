"""conftest.py: what the tests of the layers share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from hpystate import debug
from hpystate.testing import Interpreter

#: What a hook was told: (kind, message) of each report.
Told = list[tuple[str, str]]


@pytest.fixture
def told() -> Iterator[Told]:
    """What the hook is told in this interpreter."""
    messages: Told = []
    debug.set_on_misuse(lambda kind, text: messages.append((kind, text)))
    yield messages
    debug.set_on_misuse(None)


@contextmanager
def told_in(interpreter: Interpreter) -> Iterator[Told]:
    """The same in another interpreter: the list is filled at the end of the block. Code that runs
    there in the meantime sees it as `told`."""
    interpreter.run("""
        import hpystate.debug
        told = []
        hpystate.debug.set_on_misuse(lambda kind, text: told.append((kind, text)))
    """)
    messages: Told = []
    yield messages
    messages += interpreter.run("hpystate.debug.set_on_misuse(None)\nanswer = told")
