"""test_module_layout.py: where modules are laid out otherwise than expected, all works, slower.

The runtime of a dev build can be told that they are; from then on it stops the process where it
reads a module by the expected layout (runtime/cpython/module_layout.h). Then tests that are there
for other reasons run: of calls, of whose object it is, of interpreters, of debug mode.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.limits.limits import run

ROOT = Path(__file__).parents[2]

SCRIPT = """
import sys
from hpystate import _native
_native._pretend_other_module_layout()
import pytest
sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", *sys.argv[1:]]))
"""


@pytest.mark.long
@pytest.mark.parametrize(
    "files",
    [
        ["tests/interpreters/test_home.py", "tests/interpreters/test_isolation.py"],
        ["tests/context/test_call.py", "tests/types/test_type.py", "tests/context/test_field.py"],
        ["tests/layers/test_debug.py"],
    ],
    ids=["interpreters", "context", "debug"],
)
def test_modules_load_and_run_with_another_layout(files: list[str]) -> None:
    command = [sys.executable, "-X", "faulthandler", "-c", SCRIPT]
    done = run([*command, *(str(ROOT / file) for file in files)], 240)
    assert done.returncode == 0, done.stdout + done.stderr
