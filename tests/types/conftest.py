"""conftest.py: the extension of a test file of types, as for the tests of the context."""

from tests.context.conftest import c as c
