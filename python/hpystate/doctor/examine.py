"""examine.py: one module through all four layers: its file, its names, a child process, another
interpreter. Holds what was found; verdict.py decides.

What imports the module is a child with a time limit. It has a session of its own, so that what it
starts ends with it. What it told before it ended counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from typing import Any

from hpystate.doctor import elf
from hpystate.doctor.find import Target, abi3_minimum

_LINES = 3  # of what a module wrote before it ended its process
#: Children that run. Threads add and remove their own, under the GIL or the set's lock.
_RUNNING: set[subprocess.Popen[bytes]] = set()


@dataclass
class Held:
    """A word of a static that holds an object."""

    address: int  #: in the file
    kind: str  #: name of the object's type
    how: str  #: "collector" or "shape", as walk.py has it
    when: str  #: the step that found it
    name: str | None = None
    variable: int = 0  #: address of the static that the word is in, if a symbol tells; else its own


@dataclass
class Findings:
    """All that is known of one module."""

    target: Target
    facts: elf.Facts | None = None
    refused: str | None = None  #: why the file cannot be examined
    abi3: tuple[int, int] | None = None  #: the oldest Python of its stable ABI
    #: By step: what the child told of it. "raised": by the module; "ended": how the child ended.
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    held: list[Held] = field(default_factory=list)
    static_types: dict[int, str] = field(default_factory=dict)
    #: Statics whose type is a pointer to an object and that hold none, by debug information.
    empty: list[str] = field(default_factory=list)
    named_by: str = "nothing"
    names_failed: str | None = None  #: why debug information was not read
    hpy: dict[str, Any] | None = None  #: what `hpystate abi` tells of an HPy file


def examine(target: Target, exercise: str | None, seconds: float) -> Findings:
    """Runs everything; nothing is raised but OSError where the file cannot be opened.

    exercise  code that runs in the child after the import; None: none
    seconds   what the child may take, and what reading the debug information may take
    """
    found = Findings(target)
    try:
        found.facts = elf.read(target.file)
    except elf.NotExaminable as error:
        found.refused = str(error)
        return found
    found.abi3 = abi3_minimum(target)
    if target.is_hpy:
        found.hpy = _abi(target, seconds)
        if not found.hpy["loads"]:
            return found
    debug = _debug_information(found, seconds)
    _run_child(found, debug["typed"], exercise, seconds)
    _gather(found)
    _name(found, debug)
    return found


def _abi(target: Target, seconds: float) -> dict[str, Any]:
    """What this runtime makes of an HPy file: the dict of `python -m hpystate abi --json`."""
    command = [sys.executable, "-m", "hpystate", "abi", target.file, "--json"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=seconds, check=False)
        return json.loads(result.stdout)
    except (subprocess.TimeoutExpired, ValueError):
        reason = f"{target.file}: `hpystate abi` did not answer within {seconds:g} s"
        return {"loads": False, "modules": [{"reason": reason}]}


# ---- the child ---------------------------------------------------------------------------------
def _run_child(found: Findings, watched: list[int], exercise: str | None, seconds: float) -> None:
    target, facts = found.target, found.facts
    assert facts is not None
    request = {
        "name": target.name,
        "file": target.file,
        "is_hpy": target.is_hpy,
        "sys_path": [*([] if target.root in sys.path else [target.root]), *sys.path],
        "first": facts.first,
        "writable": facts.writable,
        "watched": watched,
        "exercise": exercise,
    }
    # Files, not pipes: a process that the module leaves behind may keep them open.
    with tempfile.TemporaryFile() as answers, tempfile.TemporaryFile() as said:
        command = [sys.executable, "-m", "hpystate.doctor.child", str(answers.fileno())]
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=said,
            stderr=said,
            pass_fds=[answers.fileno()],
            start_new_session=True,
        ) as child:
            _RUNNING.add(child)
            try:
                status = _wait(child, json.dumps(request).encode(), seconds)
            finally:
                _RUNNING.discard(child)
        answers.seek(0)
        begun = "import"
        for line in answers.read().decode().splitlines():
            answer = json.loads(line)
            step = answer.pop("step")
            if answer.pop("begins", False):
                begun = step
            found.steps.setdefault(step, {}).update(answer)
        if not status and "done" not in found.steps:
            status = "ended its process with status 0"
        if status:
            said.seek(0)
            tail = said.read().decode("utf-8", "replace").strip().splitlines()[-_LINES:]
            found.steps.setdefault(begun, {}).update(ended=status, said=tail)


def _wait(child: subprocess.Popen[bytes], request: bytes, seconds: float) -> str:
    """How the child ended; "" if it did all."""
    try:
        child.communicate(request, timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        return f"took longer than {seconds:g} s"
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)  # what it started
    code = child.returncode
    if code == 0:
        return ""
    if code > 0:
        return f"ended its process with status {code}"
    try:
        return f"crashed ({signal.Signals(-code).name})"
    except ValueError:
        return f"crashed (signal {-code})"


def stop() -> None:
    """Ends all children; for a user who interrupts."""
    for child in list(_RUNNING):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)


# ---- what was found ----------------------------------------------------------------------------
def _gather(found: Findings) -> None:
    by_address: dict[int, Held] = {}
    for step in ("observed", "exercise"):
        told = found.steps.get(step, {})
        for address, kind, how in told.get("holders", ()):
            by_address.setdefault(address, Held(address, kind, how, step))
        found.static_types.update((at, name) for at, name in told.get("static_types", ()))
    for address in found.steps.get("differential", {}).get("filled", ()):
        by_address.setdefault(address, Held(address, "?", "shape", "differential"))
    found.held = sorted(by_address.values(), key=lambda each: each.address)


def _name(found: Findings, debug: dict[str, Any]) -> None:
    facts = found.facts
    assert facts is not None
    names = dict(debug["names"])
    for each in found.held:
        symbol = facts.symbol_of(each.address)
        each.variable = symbol.address if symbol is not None else each.address
        each.name = names.get(each.address)
        if each.name is None and symbol is not None:
            offset = each.address - symbol.address
            each.name = f"{symbol.name}+{offset}" if offset else symbol.name
    found.held = [each for each in found.held if not elf.is_parser(each.name or "")]
    if debug["names"]:
        found.named_by = "DWARF"
    elif any(each.name for each in found.held) or (facts.symbols and not found.held):
        found.named_by = "symbols"
    last = found.steps.get("exercise", {}).get("zero", found.steps.get("observed", {}).get("zero"))
    holding = {each.address for each in found.held}
    found.empty = [names[at] for at in last or () if at not in holding]


def _debug_information(found: Findings, seconds: float) -> dict[str, Any]:
    """What dwarf.py tells; nothing if there is none, or if it takes too long."""
    nothing: dict[str, Any] = {"names": [], "typed": []}
    if found.facts is None or not found.facts.has_debug_info:
        return nothing
    command = [sys.executable, "-m", "hpystate.doctor.dwarf", found.target.file]
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired:
        found.names_failed = f"reading the debug information took longer than {seconds:g} s"
        return nothing
    if result.returncode != 0:
        last = result.stderr.strip().rpartition("\n")[2]
        found.names_failed = f"the debug information cannot be read: {last}"
        return nothing
    return json.loads(result.stdout)
