"""conftest.py: the tests of hpystate/global.h run with either back end."""

from __future__ import annotations

import pytest

from tests.face.plain import BACK_ENDS, BackEnd


@pytest.fixture(params=BACK_ENDS)
def back_end(request: pytest.FixtureRequest) -> BackEnd:
    return request.param
