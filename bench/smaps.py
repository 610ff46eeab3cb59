"""smaps.py: the memory of a process, as the kernel counts it."""

from __future__ import annotations

from pathlib import Path


def pss(process: int | str) -> int:
    """KiB of memory; what two processes share is counted half for each."""
    return _rollup(process)["Pss"]


def private(process: int | str) -> int:
    """KiB of memory that no other process has."""
    found = _rollup(process)
    return found["Private_Clean"] + found["Private_Dirty"]


def _rollup(process: int | str) -> dict[str, int]:
    """/proc/<process>/smaps_rollup; OSError where it cannot be read or lacks a line."""
    file = Path(f"/proc/{process}/smaps_rollup")
    words = [line.split() for line in file.read_text().splitlines()]
    found = {each[0].rstrip(":"): int(each[1]) for each in words if each[-1] == "kB"}
    for name in ("Pss", "Private_Clean", "Private_Dirty"):
        if name not in found:
            raise OSError(f"{file} has no line `{name}:`")
    return found
