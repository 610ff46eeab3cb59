"""test_tidy.py: clang-tidy refuses a build that has no command for each file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

TOOL = Path(__file__).resolve().parents[2] / "tools" / "tidy.py"


def test_a_build_that_compiles_rooms_together_is_refused(tmp_path: Path) -> None:
    file = str(tmp_path / "Unity/unity_globals_cxx.cxx")
    entry = {"directory": str(tmp_path), "file": file, "command": f"c++ -c {file}"}
    (tmp_path / "compile_commands.json").write_text(json.dumps([entry]))
    environment = os.environ | {"HPYSTATE_BUILD": str(tmp_path)}
    command = [sys.executable, str(TOOL)]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "HPYSTATE_UNITY=OFF make build" in result.stdout
