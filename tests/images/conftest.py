"""conftest.py: a script with interpreters in a process of its own, which may crash."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Child

#: `run(script, *files)`: what the script binds to `answer`.
Script = Callable[..., Any]

HEAD = """
import json, sys
sys.path[:0] = {folders!r}
import hpystate
from contextlib import ExitStack
from hpystate.testing import Interpreter, InterpreterError
"""
TAIL = """
print("answer:" + json.dumps(answer))
"""


@pytest.fixture
def script(child: Child) -> Script:
    """Runs a script in a child: the folders of the files are in its sys.path, and in that of the
    interpreters that it makes. Returns what the script binds to `answer`."""

    def run(text: str, *files: Path, timeout: float = 60) -> Any:
        folders = list(dict.fromkeys(str(file.parent) for file in files))
        whole = HEAD.format(folders=folders) + textwrap.dedent(text) + TAIL
        result = child(whole, timeout=timeout)
        assert result.returncode == 0, f"status {result.returncode}\n{result.stderr}"
        (line,) = (each for each in result.stdout.splitlines() if each.startswith("answer:"))
        return json.loads(line.removeprefix("answer:"))

    return run
