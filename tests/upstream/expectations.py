"""expectations.py: a pytest plugin: which of upstream's tests fail, and why.

Strict: a test that passes although it stands here is a failure, so the list cannot grow old.
"""

from __future__ import annotations

import pytest

FAILING = {
    "test_hpyfield.py::TestHPyField::test_tp_traverse[universal]": (
        "asserts that an instance does not show its type to the collector; ours does, as CPython "
        "demands of heap types, or types in cycles would never be collected"
    ),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    unknown = set(FAILING)
    for item in items:
        name = item.nodeid.removeprefix("test/")
        if name in FAILING:
            unknown.discard(name)
            item.add_marker(pytest.mark.xfail(reason=FAILING[name], strict=True))
    if unknown and len(items) > 100:  # a selection of tests need not hold them all
        raise pytest.UsageError(f"expectations.py names tests that are not there: {unknown}")
