"""test_upstream_slice.py: a part of HPy's own suites, in each kind of interpreter.

All of it is `make test-upstream`; CI runs that on two versions, and this everywhere.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).parents[1] / "upstream" / "run.py"
FILES = ("test_hpyglobal", "test_hpyfield", "test_hpytype_legacy", "debug/test_handles_invalid")


@pytest.mark.long
@pytest.mark.parametrize(
    ("kind", "headers", "releases"),
    # `make test-upstream` runs the whole suite in each kind, with upstream's headers.
    [
        ("main", "hpystate", ["0.9.0"]),
        ("legacy", "upstream", ["0.9.0", "0.0.4"]),
        ("own-gil", "hpystate", ["0.9.0"]),
        ("own-gil", "upstream", ["0.0.4"]),
    ],
)
def test_the_slice_passes(kind: str, headers: str, releases: list[str]) -> None:
    options = [f"--file=test/{name}.py" for name in FILES]
    options += [f"--release={release}" for release in releases]
    # The CPython ABI has our headers in every case, so one is enough: the kind that .ci/run lacks.
    options += [] if kind == "legacy" else ["--without=cpython"]
    result = subprocess.run(
        [sys.executable, str(RUN), "--kind", kind, "--headers", headers, *options],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert result.returncode == 0, result.stdout[-4000:] + result.stderr[-2000:]
    for release in releases:
        assert f"{kind:8} HPy {release} universal" in result.stdout
        assert f"{kind:8} HPy {release} debug" in result.stdout
    assert ("hybrid+debug" in result.stdout) == ("0.9.0" in releases)
    assert ("HPy 0.9.0 cpython" in result.stdout) == (kind == "legacy")
