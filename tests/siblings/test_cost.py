"""test_cost.py: what a call of a published function costs more than a direct call."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.siblings.conftest import Files, FilesOf, Load

#: The bar, in nanoseconds.
MOST = 3.0
#: How long a measurement may go on, in seconds: other work on the machine slows rounds for a while.
PATIENCE = 20.0
SANITIZED = pytest.mark.skipif(
    "HPYSTATE_SANITIZED" in os.environ, reason="a sanitizer makes every load a call"
)


@pytest.fixture(
    params=["the same version", "another version", "0.9 calls 0.0.4", "0.0.4 calls 0.9"]
)
def pair(
    request: pytest.FixtureRequest,
    files: Files,
    another_version: Path,
    files_of: FilesOf,
) -> Files:
    if "calls" in request.param:
        borrower, _, lender = request.param.split()
        return files_of(lender, borrower)
    return files[0], files[1] if request.param == "the same version" else another_version


@SANITIZED
def test_a_call_costs_at_most_three_nanoseconds_more_than_a_direct_one(
    load: Load, pair: Files
) -> None:
    """The two are measured in turn, and each counts with its best round. A round is short, so that
    one falls into a moment in which nothing else runs."""
    _, borrower = load("universal", "universal", pair)
    direct = protocol = float("inf")
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        rounds = [borrower.times(20_000) for _ in range(600)]
        direct = min(direct, *(alone for alone, _ in rounds))
        protocol = min(protocol, *(by_protocol for _, by_protocol in rounds))
        if protocol - direct <= MOST:
            break
    print(f"direct {direct:.2f} ns, by the protocol {protocol - direct:.2f} ns more")

    assert protocol - direct <= MOST


CHILD = """
import sys
sys.path[:] = {path!r}
import hpystate
sys.modules["lender"] = hpystate.load("lender", {files[0]!r})
hpystate.load("borrower", {files[1]!r}).calls({protocol}, {n})
"""


def instructions(files: Files, protocol: bool, n: int) -> int:
    names = [str(each) for each in files]
    script = CHILD.format(path=sys.path, files=names, protocol=protocol, n=n)
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"]
    result = subprocess.run(
        [*command, sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "0"},
        timeout=240,
        check=False,
    )
    found = re.search(r"Collected : (\d+)", result.stderr)
    assert result.returncode == 0 and found is not None, result.stderr
    return int(found[1])


@pytest.mark.long
@SANITIZED
@pytest.mark.skipif(shutil.which("valgrind") is None, reason="valgrind counts the instructions")
def test_a_call_takes_few_instructions_more_than_a_direct_one(pair: Files, files: Files) -> None:
    n = 100_000
    direct, protocol = (
        (instructions(pair, kind, 2 * n) - instructions(pair, kind, n)) / n
        for kind in (False, True)
    )
    print(f"instructions: direct {direct:.1f}, by the protocol {protocol:.1f}")

    assert protocol - direct <= (6 if pair == files else 25)
