"""package_trials.py: one package in one situation: a child process, and what is made of its end.

A situation is "main", which gives the results that the others are compared with; "images",
hpystate.isolate() in each interpreter; and two controls without it: "plain", CPython as it is, and
"shared", CPython with its check of multi-interpreter support switched off.

An outcome is one word of OUTCOMES.
"""

from __future__ import annotations

import json
import os
import signal
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from package_rows import FOLDER, Row
from trials import Result, watch

SITUATIONS = {
    "images": "private images",
    "plain": "plain CPython",
    "shared": "check off, image shared",
}
OUTCOMES = {
    "right": "each result of each interpreter is main's",
    "wrong": "a result differs from main's, or an exception was raised in its place",
    "refused": "ImportError",
    "raised": "another exception before the first result, or one of our assertions",
    "crashed": "a signal ended the process, or it ended with another status than 0",
    "timed out": "the process was ended since its time was over",
}
ROUNDS = 8  # work(0) to work(7)
#: So that 8 interpreters on two cores do not have 8 times as many threads as cores, and that sets
#: have one order in all processes.
ENVIRONMENT = {
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_MAX_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "RAYON_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
KEPT = 300  # characters of a detail
#: What tests/packages/inside.py notes -> where an interpreter was.
PHASES = {"import": "import", "work": "work", "end": "the end of an interpreter"}


@dataclass
class Setting:
    """What all trials of a run share.

    python       of the environment with the packages
    folder       for logs and the files of children
    limit        seconds for a child
    """

    python: Path
    folder: Path
    interpreters: int = 8
    seconds: float = 1.0
    cycles: int = 1
    limit: float = 180.0
    standard: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)


def command_of(setting: Setting, row: Row, job: Path, result: Path) -> list[str]:
    variables = ENVIRONMENT | setting.environment | row.environment
    settings = [f"{name}={value}" for name, value in variables.items()]
    python = [str(setting.python), "-X", "faulthandler", str(FOLDER / "child.py")]
    return ["env", "-C", str(setting.folder), *settings, *python, str(job), str(result)]


def attempt(setting: Setting, row: Row, situation: str, main: dict[str, Any]) -> dict[str, Any]:
    """What a child found, with "outcome", "detail" and "seconds"; of "main" also "expected", its
    results, and "isolate", the packages with compiled modules. The others get these two."""
    stem = f"{row.name}-{situation}"
    job, result, phases, log = (
        setting.folder / f"{stem}.{suffix}" for suffix in ("json", "found.json", "phases", "log")
    )
    for file in (result, phases, log):
        file.unlink(missing_ok=True)
    description = {
        "situation": situation,
        "work": str(row.workload),
        "modules": row.modules,
        "empty": row.empty,
        "isolate": [*main.get("isolate", ()), *setting.standard],
        "expected": main.get("expected", []),
        "rounds": ROUNDS,
        "interpreters": setting.interpreters,
        "seconds": setting.seconds / setting.cycles,
        "cycles": setting.cycles,
        "limit": setting.limit,
        "phases": str(phases),
    }
    job.write_text(json.dumps(description))
    begin = time.monotonic()
    ended = watch(command_of(setting, row, job, result), log, stem, begin + setting.limit)
    found = json.loads(result.read_text()) if result.exists() else None
    summary = summary_of(situation, found, ended, phases)
    return summary | {"seconds": round(ended.seconds, 1)}


def summary_of(
    situation: str, found: dict[str, Any] | None, ended: Result, phases: Path
) -> dict[str, Any]:
    summary: dict[str, Any] = {"outcome": "right", "detail": ""}
    if found is not None and situation == "main":
        summary |= found
    elif found is not None:
        summary |= counted([found["main"], *found["others"]])
        summary |= judged(found)
    if ended.late:
        summary |= {"outcome": "timed out", "detail": f"in {reached(phases)}"}
    elif ended.status < 0:
        name = signal.Signals(-ended.status).name
        summary |= {"outcome": "crashed", "detail": f"{name} in {reached(phases)}"}
    elif ended.status > 0 or found is None:
        last = ended.output.decode(errors="replace").strip().splitlines()[-1:]
        said = "".join(last)[:KEPT] or "nothing was written"
        summary |= {"outcome": "crashed", "detail": f"status {ended.status}: {said}"}
    return summary


def counted(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Sums over all interpreters, and how large their images are: those of the first one."""
    sums = {key: sum(each[key] for each in found) for key in ("right", "wrong")}
    with_images = [each for each in found if each.get("images")]
    keys = ("images", "shared bytes", "private bytes")
    return sums | ({key: with_images[0][key] for key in keys} if with_images else {})


def judged(found: dict[str, Any]) -> dict[str, Any]:
    """The worst that one of the interpreters has: an exception, then a wrong result."""
    everyone = [found["main"], *found["others"]]
    raised = [each for each in everyone if each["raised"]]
    refused = [each for each in raised if each.get("refused")]
    others = [each for each in raised if not each.get("refused")]
    wrong = [each for each in everyone if each["wrong"]]
    if others:
        detail = f"{len(others)} of {len(everyone)}: {others[0]['raised']}"
        return {"outcome": "raised", "detail": detail[:KEPT], "traceback": others[0]["traceback"]}
    if wrong:
        first = wrong[0]["first wrong"]
        detail = f"work({first['i']}): {first['wanted']} was expected, found {first['found']}"
        whose = "main's too" if found["main"]["wrong"] else f"{len(wrong)} of {len(everyone)}"
        return {"outcome": "wrong", "detail": f"{whose}: {detail}"}
    if refused:
        detail = f"{len(refused)} of {len(everyone)}: {refused[0]['raised']}"
        return {"outcome": "refused", "detail": detail[:KEPT]}
    return {"outcome": "right", "detail": ""}


def reached(phases: Path) -> str:
    """What the interpreters did when the process ended: the last words of all beside main."""
    last: dict[str, str] = {}
    for line in phases.read_text().splitlines() if phases.exists() else ():
        number, _, word = line.partition(" ")
        last[number] = word
    words = [word for number, word in last.items() if number != "0"] or list(last.values())
    going = dict.fromkeys(PHASES[word] for word in words if word != "ended")
    if not words:
        return "the begin of the process"
    return " and ".join(going) or "the end of the process"


def environment_of(folder: Path) -> dict[str, str]:
    """Variables for children: the path of hpystate, and a folder for what packages write."""
    paths = [os.path.abspath(p) for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return {
        "PYTHONPATH": os.pathsep.join(paths),
        "MPLCONFIGDIR": str(folder),
        "HOME": str(folder),
    }
