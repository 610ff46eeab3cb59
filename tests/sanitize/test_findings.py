"""test_findings.py: tools/sanitize.sh fails where a sanitizer found something, in any process."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def sanitized(build: Path, command: str) -> subprocess.CompletedProcess[str]:
    """`command` as a test under ThreadSanitizer; $BUILD/found.<process> is what one writes."""
    script = f". tools/sanitize.sh; export PYVER=3.13t-tsan BUILD={build}; sanitized {command}"
    return subprocess.run(
        ["bash", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )


def writes(text: str) -> str:
    return f"bash -c 'echo \"{text}\" > $BUILD/found.7'"


def test_nothing_found_is_good(tmp_path: Path) -> None:
    assert sanitized(tmp_path, "true").returncode == 0


def test_a_command_that_fails_fails(tmp_path: Path) -> None:
    assert sanitized(tmp_path, "bash -c 'exit 3'").returncode == 3


@pytest.mark.parametrize(
    "line",
    [
        "==7==ERROR: AddressSanitizer: heap-use-after-free",
        "a.c:1:2: runtime error: shift exponent 64 is too large",
        "WARNING: ThreadSanitizer: data race (pid=7)",
    ],
)
def test_what_a_child_found_fails_though_the_command_succeeds(tmp_path: Path, line: str) -> None:
    result = sanitized(tmp_path, writes(line))

    assert result.returncode == 1
    assert line in result.stderr


def test_an_allocation_that_is_refused_is_not_a_finding(tmp_path: Path) -> None:
    line = "==7==WARNING: ThreadSanitizer failed to allocate 0x2000000000000008 bytes"

    assert sanitized(tmp_path, writes(line)).returncode == 0


def test_what_an_earlier_run_found_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "found.6").write_text("==6==ERROR: AddressSanitizer: heap-buffer-overflow\n")

    assert sanitized(tmp_path, "true").returncode == 0


def test_every_suppression_names_an_issue() -> None:
    for path in (ROOT / "tests" / "suppressions").glob("*.txt"):
        reason, in_reason = "", False
        for line in path.read_text().splitlines():
            if line.startswith("#"):
                reason, in_reason = (reason if in_reason else "") + line, True
            elif line:
                in_reason = False
                assert re.search(r"gh-\d+|\w#\d+", reason), f"{path.name}: {line} has no issue"
