"""test_bad_input.py: bad input raises the same in debug and trace mode as in plain mode."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FOLDERS = ("tests/context", "tests/types", "tests/calls")
#: Debug mode keeps closed objects while a hook watches, and it has HPy's sentence for one argument.
DIFFERENT_IN_DEBUG = [
    "test_call.py::test_keyword_names_that_are_not_a_tuple_are_a_type_error",
    "test_capsule.py::test_a_destructor_without_a_function_is_a_value_error",
    "test_error.py::test_an_exception_value_is_released_with_the_exception",
]


@pytest.mark.long
@pytest.mark.parametrize(("mode", "different"), [("debug", DIFFERENT_IN_DEBUG), ("trace", [])])
def test_bad_input_raises_the_same_in_every_mode(mode: str, different: list[str]) -> None:
    """The tests of functions, types and calls whose names speak of errors, once more, where misuse
    is reported to a hook and does not end the process."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]
    command += ["-p", "tests.layers.going_on", "-k", "error", *FOLDERS]
    command += [f"--deselect=tests/context/{name}" for name in different]
    result = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "HPYSTATE_TEST_MODE": mode},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )

    said = result.stdout[-4000:] + result.stderr[-4000:]
    assert result.returncode == 0, said
    passed = re.search(r"(\d+) passed", result.stdout)
    assert passed is not None and int(passed[1]) > 500, said
