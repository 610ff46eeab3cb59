"""test_relay.py: what tools/relay.py passes on, and what it prints for a silent command."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

TOOLS = Path(__file__).resolve().parent.parent.parent / "tools"
# Half a second is long enough to be silent for.
IMPATIENT = f"""
import sys
sys.path.insert(0, {str(TOOLS)!r})
import relay
relay.PATIENCE = 0.5
sys.exit(relay.main())
"""


def relayed(script: str, before: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", IMPATIENT, "the step", str(before), "sh", "-c", script]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_both_streams_and_the_status_arrive() -> None:
    result = relayed("echo out; echo err >&2; exit 7")

    assert (result.stdout, result.stderr, result.returncode) == ("out\n", "err\n", 7)


def test_a_command_that_is_killed_ends_as_a_shell_says_it() -> None:
    assert relayed("kill -KILL $$").returncode == 128 + 9


def test_a_silent_command_is_said_to_go_on() -> None:
    result = relayed("printf half; sleep 2; echo end", before=100)

    first, *notes, last = result.stdout.splitlines()
    assert (first, last) == ("half", "end")
    assert notes
    assert all(note.endswith("s] the step: goes on") for note in notes)
    assert notes[0].startswith("[10")


def test_a_command_that_talks_is_left_alone() -> None:
    result = relayed("for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done")

    assert result.stdout.split() == [str(i) for i in range(1, 11)]


def test_what_a_command_leaves_behind_is_not_waited_for() -> None:
    begin = time.monotonic()
    result = relayed("sleep 30 & echo done")

    assert result.stdout.startswith("done\n")
    assert time.monotonic() - begin < 20


def test_a_terminal_is_one_for_the_command_too() -> None:
    ours, theirs = os.openpty()
    script = "test -t 1 && test -t 2 && echo both"
    command = [sys.executable, str(TOOLS / "relay.py"), "the step", "0", "sh", "-c", script]
    process = subprocess.Popen(command, stdout=theirs, stderr=theirs)
    os.close(theirs)

    assert process.wait(timeout=60) == 0
    assert os.read(ours, 100).replace(b"\r", b"") == b"both\n"
    os.close(ours)
