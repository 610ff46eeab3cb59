"""test_upstream_slice.py: a part of HPy's own suite, in each kind of interpreter.

All of it is `make test-upstream`; CI runs that on two versions, and this everywhere.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "upstream" / "run.py"
FILES = ("test_hpyglobal", "test_hpyfield", "test_hpytype_legacy", "debug/test_handles_invalid")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "headers"),
    # `make test-upstream` runs the whole suite in each kind, with upstream's headers.
    [("main", "hpystate"), ("legacy", "upstream"), ("own-gil", "hpystate")],
)
def test_the_slice_passes(kind: str, headers: str) -> None:
    files = [f"--file=test/{name}.py" for name in FILES]
    result = subprocess.run(
        [sys.executable, str(RUN), "--kind", kind, "--headers", headers, *files],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    assert f"{kind:8} universal" in result.stdout
    assert f"{kind:8} hybrid+debug" in result.stdout
