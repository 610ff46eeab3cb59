"""test_mutants.py: the model finds every deliberate mistake in the real code.

Mutants are built by the target `model_mutants`; each is the model with one patch (mutants.py).
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

import hpystate
from tests.limits import limits
from tests.model.mutant import Mutant
from tests.model.mutants import MUTANTS

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]  # the first test builds all mutants

BUILD = Path(hpystate._native.__file__).parents[2]


def build(target: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = ["cmake", "--build", str(BUILD), "--target", target, *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)


@pytest.fixture(scope="module")
def all_built() -> bool:
    """Builds what can be built, side by side; what cannot is an error of its own test."""
    return build("model_mutants", "--", "-k", "0").returncode == 0


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_model_finds(mutant: Mutant, all_built: bool) -> None:
    if not all_built:
        made = build(f"mutant_{mutant.name}")
        assert made.returncode == 0, made.stdout[-4000:]
    program = BUILD / "tests" / "model" / "mutants" / f"mutant_{mutant.name}"
    command = [str(program), f"[{mutant.part}]", "--abort"]

    result = limits.run(command, timeout=300)

    # A count of failed assertions; a signal would say that the mistake was followed, not found.
    assert result.returncode > 0, result.stdout
    assert mutant.found in re.sub(r"\s+", " ", result.stdout), result.stdout[:4000]
