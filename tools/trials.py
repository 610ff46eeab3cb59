"""trials.py: what `make fresh` and `make wheels` share: rows that are tried on machines in chroots
(machines.py), commands that are watched while they run, and the table in the end.
"""

from __future__ import annotations

import math
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from machines import MachineError, Workshop, check_possible, remove

ROOT = Path(__file__).resolve().parent.parent
LONGEST_SILENCE = 20.0
CONTROL = re.compile(rb"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass
class Result:
    """How a command ended, and what it was like to watch."""

    status: int
    output: bytes
    seconds: float
    cpu: float
    silence: float
    late: bool = False  # ended by us, since its time was over

    def problems(self, ours: bool = True) -> list[str]:
        """What was wrong. Where the command is not ours, how it talks is its own business."""
        found = []
        if self.status != 0:
            found.append(f"ended with status {self.status}")
        if not ours:
            return found
        if self.silence > LONGEST_SILENCE:
            found.append(f"silent for {self.silence:.0f} s")
        if control := CONTROL.search(self.output):
            found.append(f"wrote the control character {control[0]!r}")
        return found


def watch(command: list[str], log: Path, what: str = "", deadline: float = math.inf) -> Result:
    """Runs the command until the deadline, a time of time.monotonic; its output goes into the log,
    and is looked at. Its last line is shown every ten seconds."""
    begin = last = shown = time.monotonic()
    silence, output = 0.0, bytearray()
    with log.open("ab") as file:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        assert child.stdout is not None
        try:
            while True:
                ready, _, _ = select.select([child.stdout], [], [], 1)
                now = time.monotonic()
                if now > deadline:
                    os.kill(child.pid, signal.SIGKILL)  # Popen's would wait for it, without usage
                if now - shown >= 10:
                    shown = now
                    print(f"{what} ({now - begin:.0f} s): {last_line(output)}", flush=True)
                if not ready:
                    continue
                data = os.read(child.stdout.fileno(), 1 << 16)
                silence, last = max(silence, now - last), now
                if not data:
                    break
                output += data
                file.write(data)
                file.flush()
            _, ending, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(ending)
        finally:
            child.kill()  # a KeyboardInterrupt: everything in its namespace ends with it
    seconds, cpu = time.monotonic() - begin, used.ru_utime + used.ru_stime
    late = child.returncode == -signal.SIGKILL and time.monotonic() > deadline
    return Result(child.returncode, bytes(output), seconds, cpu, silence, late)


def last_line(output: bytearray) -> str:
    lines = bytes(output[-500:]).decode(errors="replace").split("\n")
    whole = [re.sub(r"[^ -~]", "", line) for line in lines if line.strip()]
    return whole[-1][:70] if whole else "nothing yet"


class Row(Protocol):
    """A line of the table."""

    problems: list[str]

    @property
    def name(self) -> str: ...

    def cells(self) -> tuple[str, ...]: ...


R = TypeVar("R", bound=Row)


def can_make_machines(tool: str) -> bool:
    """Whether chroots can be made here; otherwise the reason was printed."""
    try:
        check_possible()
    except MachineError as error:
        print(f"{tool}: {error}", file=sys.stderr)
        return False
    return True


def attempt_all(
    tool: str, rows: Sequence[R], attempt: Callable[[R, Workshop, Path], None]
) -> Path | None:
    """Calls `attempt(row, workshop, log)` for each row. A machine that cannot be made is a problem
    of its row, and a row with problems has the end of its log printed. Returns the folder of the
    logs; None: no chroot can be made here, and the reason was printed.

    HPYSTATE_FRESH=FOLDER keeps the bases of the machines there; otherwise all is removed."""
    if not can_make_machines(tool):
        return None
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that all is removed
    kept = os.environ.get("HPYSTATE_FRESH")
    folder = Path(kept) if kept else Path(tempfile.mkdtemp(prefix=f"hpystate-{tool}-"))
    folder.mkdir(parents=True, exist_ok=True)
    logs = ROOT / "build" / tool
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    try:
        for row in rows:
            log = logs / f"{row.name.replace(':', '-')}.log"
            log.write_bytes(b"")
            try:
                attempt(row, Workshop(folder), log)
            except MachineError as error:
                row.problems.append(str(error).splitlines()[0])
                print(f"{tool}: {row.name}: {error}", file=sys.stderr)
            if row.problems:
                said = "; ".join(row.problems)
                print(f"{tool}: {row.name}: {said}; the end of {log}:", flush=True)
                print("\n".join(log.read_text(errors="replace").splitlines()[-40:]))
    finally:
        if not kept:
            remove(folder)
        signal.signal(signal.SIGTERM, before)
    return logs


def print_table(headings: tuple[str, ...], rows: Sequence[Row]) -> None:
    lines = [headings, *(row.cells() for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(headings) - 1)]
    for line in lines:
        cells = (text.ljust(width) for text, width in zip(line, widths, strict=False))
        print("  ".join((*cells, line[-1])))
