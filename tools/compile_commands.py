"""compile_commands.py: a compile command of ours, without what only speeds it up.

tools/tidy.py and tools/check_without_gil.py compile without the precompiled headers: clang does not
read GCC's, headers as for another Python differ, and a file that does not include what it uses is
found.
"""

from __future__ import annotations

import shlex
from pathlib import Path

PRECOMPILED = "cmake_pch.hxx"  # CMake's name


def words_of(command: str) -> list[str]:
    """The words of a command, without `-include` of the precompiled headers."""
    words = shlex.split(command)
    kept: list[str] = []
    for word in words:
        if Path(word).name == PRECOMPILED and kept and kept[-1] == "-include":
            kept.pop()
        elif word != "-Winvalid-pch":
            kept.append(word)
    return kept
