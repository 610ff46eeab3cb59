"""conftest.py: compiles an extension and lets the doctor examine it, here or by command."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hpystate.doctor.examine import examine
from hpystate.doctor.find import targets_of
from hpystate.doctor.verdict import Verdict, judge
from tests.doctor.extensions import build
from tests.limits import limits

Diagnose = Callable[..., Verdict]


@pytest.fixture
def diagnose(tmp_path: Path) -> Diagnose:
    """The verdict on a module that is compiled from a source, or on a file."""

    def run(
        name: str,
        source: str | Path,
        *flags: str,
        exercise: str | None = None,
        seconds: float = 60,
    ) -> Verdict:
        file = source if isinstance(source, Path) else build(tmp_path, name, source, *flags)
        (target,) = targets_of(str(file))
        return judge(examine(target, exercise, seconds * limits.patience()), exercise)

    return run


def command(*arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    """Runs `python -m hpystate doctor`."""
    line = [sys.executable, "-m", "hpystate", "doctor", *map(str, arguments)]
    return limits.run(line, 120, **options)
