"""verdict.py: from what was found of a module to a verdict, its certainty, and what to type next.

    ready         it declares that it supports interpreters with a GIL of their own, and no static
                  holds an object
    declare only  no static holds an object; it does not declare it yet
    port          something has to change first: the reasons are listed
    cannot        as it is built it cannot declare it, or it cannot be examined; the reason is named

The certainty is the name of the layer that the verdict rests on: "declared" (what the file itself
tells), "symbols and DWARF" (types of statics), "observed" (words in memory after the import and the
exercise), "differential" (a second interpreter imported it too).
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from hpystate.doctor import images
from hpystate.doctor.examine import Findings
from hpystate.doctor.find import typed

VERDICTS = ("ready", "declare only", "port", "cannot")
LAYERS = ("declared", "symbols and DWARF", "observed", "differential")
_FIRST_WITH_SLOT = (3, 12)
_NAMED = 3  # statics that a reason names


@dataclass
class Verdict:
    """What is shown of one module."""

    module: str
    file: str
    verdict: str
    certainty: str
    why: list[str]
    next: str
    #: By layer: what it tells in a sentence; layers that told nothing have the reason.
    layers: dict[str, str] = field(default_factory=dict)
    statics: list[dict[str, Any]] = field(default_factory=list)
    static_types: list[str] = field(default_factory=list)
    hints: list[str] = field(default_factory=list)
    #: Whether hpystate.isolate() may load it as it is; "" where that is not needed, or cannot help.
    isolate: str = ""
    #: Why the code of --exercise was not run to its end; None if it was, or there was none.
    exercise_failed: str | None = None


def judge(found: Findings, exercise: str | None) -> Verdict:
    """The verdict of one module."""
    target = found.target
    made = Verdict(target.name, target.file, "cannot", "declared", [], "")
    if found.refused is not None:
        why, _, advice = found.refused.removeprefix(f"{target.file}: ").rpartition(". ")
        made.why, made.next = [why], advice.removesuffix(".")
        return made
    made.layers = _layers(found)
    made.statics = [
        {
            "name": each.name or f"0x{each.address:x}",
            "address": each.address,
            "variable": each.variable,
            "type": each.kind,
            "found_by": each.how,
            "step": each.when,
        }
        for each in found.held
    ]
    made.static_types = sorted(found.static_types.values())
    made.hints = _hints(found)
    made.exercise_failed = _failed(found, "exercise")
    made.verdict, made.certainty, made.why = _decide(found)
    made.next = _next(made, found, exercise)
    if made.verdict != "ready" and _failed(found, "import") is None:
        made.isolate = images.told(found)
    return made


# ---- the decision ------------------------------------------------------------------------------
def _decide(found: Findings) -> tuple[str, str, list[str]]:
    if found.hpy is not None and not found.hpy["loads"]:
        reasons = [each.get("reason", "") for each in found.hpy["modules"] if "reason" in each]
        return (
            "cannot",
            "declared",
            [each.removeprefix(f"{found.target.file}: ") for each in reasons],
        )
    failed = _failed(found, "import")
    if failed is not None:
        return "cannot", "observed", [f"its import {failed}"]
    if "not_mapped" in found.steps.get("observed", {}):
        return "cannot", "observed", ["its import used another file or none, so nothing was seen"]
    failed = _failed(found, "observed")
    if failed is not None:
        return "cannot", "observed", [f"the walk over its memory {failed}"]
    old = _old_abi(found)
    if old and not is_single_phase(found):
        return "cannot", "declared", [*old, *_objects(found)]
    reasons = _to_port(found)
    if reasons:
        return "port", reasons[0][0], [text for _, text in reasons]
    layer = "differential" if is_seen_twice(found) else "observed"
    if found.hpy is not None:
        limits = {each["asks"].get("interpreters") for each in found.hpy["modules"]}
        if "main" in limits:
            return "declare only", "declared", ["it declares that it is for the main interpreter"]
        return "ready", layer, ["hpystate gives each HPyGlobal a value per interpreter"]
    declared = interpreters(found)
    if declared == "own GIL":
        return "ready", layer, ["declares own-GIL support, and no static holds an object"]
    text = {
        None: "does not declare Py_mod_multiple_interpreters",
        "refused": "declares that it does not support several interpreters",
        "shared GIL": "declares support for a shared GIL only",
    }.get(declared, f"declares an unknown value, {declared}")
    return "declare only", layer, [f"no static holds an object; it {text}"]


def _to_port(found: Findings) -> list[tuple[str, str]]:
    """What has to change, with the layer that tells so; the surest layer first."""
    reasons = []
    if is_single_phase(found):
        reasons.append(("declared", "single-phase initialisation, which cannot declare it"))
    reasons += [("declared", text) for text in _old_abi(found)]
    layer = "differential" if _is_confirmed(found) else "observed"
    reasons += [(layer, text) for text in _objects(found)]
    if found.empty:
        reasons.append(
            (
                "symbols and DWARF",
                f"{_count(found.empty, 'static')} for objects, empty so far: {_some(found.empty)}",
            )
        )
    second = found.steps.get("differential", {})
    if "raised" in second and not second["other"] and not _is_check(second["raised"]):
        reasons.append(("differential", f"its import in a second one raised {second['raised']}"))
    elif "ended" in second:
        reasons.append(("differential", f"its import in a second one {_ended(second)}"))
    return reasons


def _old_abi(found: Findings) -> list[str]:
    if found.abi3 is None or found.abi3 >= _FIRST_WITH_SLOT:
        return []
    version = ".".join(map(str, found.abi3))
    return [f"built for the stable ABI of {version}, which cannot declare it: 3.12 is the first"]


def _objects(found: Findings) -> list[str]:
    reasons = []
    if found.held:
        names = [each.name or f"0x{each.address:x}" for each in found.held]
        reasons.append(f"{_count(names, 'static word')} with an object: {_some(names)}")
    if found.static_types:
        types = sorted(found.static_types.values())
        reasons.append(f"{_count(types, 'static type')}: {_some(types)}")
    return reasons


def is_single_phase(found: Findings) -> bool:
    slots = found.steps.get("import", {}).get("slots")
    if slots is not None:
        return not slots["multi_phase"]
    assert found.facts is not None
    makes = found.facts.imports & {"PyModule_Create2", "PyModule_FromDefAndSpec2"}
    return "PyModule_Create2" in makes and "PyModuleDef_Init" not in found.facts.imports


def interpreters(found: Findings) -> str | None:
    """What its slot declares; "own GIL" too if there is no slot to see, but CPython let it in."""
    slots = found.steps.get("import", {}).get("slots")
    if slots is not None:
        return slots["interpreters"]
    second = found.steps.get("differential", {})
    return "own GIL" if second.get("gil") == "own" and "kept" in second else None


def is_seen_twice(found: Findings) -> bool:
    return "kept" in found.steps.get("differential", {})


def _is_confirmed(found: Findings) -> bool:
    """Whether a second interpreter shared an object, overwrote one, or put one of its own there."""
    second = found.steps.get("differential", {})
    return any(second.get(what) for what in ("kept", "overwritten", "filled"))


def _is_check(raised: str) -> bool:
    """CPython's own refusal of a module that does not declare it."""
    return "does not support loading in subinterpreters" in raised


def _failed(found: Findings, step: str) -> str | None:
    told = found.steps.get(step, {})
    if told.get("raised") is not None:
        return f"raised {told['raised']}"
    return _ended(told) if "ended" in told else None


def _ended(told: dict[str, Any]) -> str:
    said = "".join(f": {line}" for line in told["said"][-1:])
    return told["ended"] + said


def _count(things: Sequence[object], what: str) -> str:
    return f"{len(things)} {what}{'' if len(things) == 1 else 's'}"


def _some(names: list[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")


# ---- what is shown beside ----------------------------------------------------------------------
def _layers(found: Findings) -> dict[str, str]:
    told = (_declared(found), _named(found), _observed(found), _second(found))
    return dict(zip(LAYERS, told, strict=True))


def _declared(found: Findings) -> str:
    if found.hpy is not None:
        asks = [each["asks"] for each in found.hpy["modules"] if "asks" in each]
        return ", ".join(f"HPy {each['release']}, ABI {each['abi']}" for each in asks) or "HPy"
    if is_single_phase(found):
        text = "single-phase"
    else:
        slots = found.steps.get("import", {}).get("slots")
        declared = interpreters(found)
        if slots is None and declared is None:
            text = "not seen"
        else:
            text = f"multi-phase, Py_mod_multiple_interpreters: {declared or 'absent'}"
    if found.abi3 is not None:
        text += f"; abi3 of {'.'.join(map(str, found.abi3))}"
    return text


def _named(found: Findings) -> str:
    assert found.facts is not None
    if found.names_failed is not None:
        return found.names_failed
    if found.named_by == "DWARF":
        return f"debug information; {_count(found.empty, 'empty static')} for objects"
    if found.named_by == "symbols":
        return f"symbols of {_count(found.facts.symbols, 'variable')}; no debug information"
    return "no symbols of what holds an object, no debug information: addresses only"


def _observed(found: Findings) -> str:
    told = found.steps.get("observed", {})
    if "holders" not in told:
        return "not done: the module was not imported"
    text = f"{told['words']} words: {len(told['holders'])} with an object after the import"
    after = found.steps.get("exercise", {})
    if "holders" in after:
        text += f", {len(after['holders'])} after the exercise"
    return text


def _second(found: Findings) -> str:
    told = found.steps.get("differential")
    if not told:
        return "not done" if found.hpy is None else "not needed: hpystate keeps HPyGlobals apart"
    where = f"in a second interpreter ({told['gil']} GIL)" if "gil" in told else "in a second one"
    if told.get("other"):
        return f"not done: {told['other'].rpartition('/')[2]} raised {told['raised']} {where}"
    if "kept" not in told:
        failed = _failed(found, "differential") or "was not finished"
        return f"its import {where} {failed}"
    return (
        f"imported {where}: {len(told['kept'])} objects shared, {len(told['overwritten'])} "
        f"overwritten, {len(told['filled'])} added, {len(told['changed'])} other words changed"
    )


def _hints(found: Findings) -> list[str]:
    facts = found.facts
    assert facts is not None
    hints = []
    if facts.maker is not None:
        hints.append(f"its code is made by {facts.maker}")
    if "PyGILState_Ensure" in facts.imports:
        hints.append("it uses PyGILState_Ensure, which attaches to the main interpreter")
    if facts.unique:
        hints.append(
            f"{_count(facts.unique, 'symbol')} with STB_GNU_UNIQUE: all copies of the file share "
            "them"
        )
    if facts.static_tls:
        hints.append("initial-exec TLS: few copies of the file fit into a process")
    return hints


_DECLARE = (
    "add {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED} to the module's slots"
)
_BY_MAKER = {
    "Cython": "compile with -X subinterpreters_compatible=own_gil (Cython 3.1 or later)",
    "pybind11": "add py::multiple_interpreters::per_interpreter_gil() to PYBIND11_MODULE",
}


def _next(made: Verdict, found: Findings, exercise: str | None) -> str:
    name = typed(found.target)
    again = f"python -m hpystate doctor {name}"
    if made.verdict == "ready":
        if found.hpy is not None:
            return f"python -m hpystate abi {found.target.file}"
        return "nothing" if exercise else f'{again} --exercise "CODE" to see caches filled later'
    if made.verdict == "declare only":
        if found.hpy is not None:
            return "change its hpystate_interpreters, or leave it out (docs/using.md)"
        how = _BY_MAKER.get((found.facts and found.facts.maker) or "", _DECLARE)
        return how if exercise else f'{again} --exercise "CODE"; then {how}'
    if made.verdict == "port":
        if is_single_phase(found) and not made.statics and not made.static_types:
            return "return PyModuleDef_Init(&def) from PyInit and move the rest into Py_mod_exec"
        where = "a hpystate_global (docs/global.md) or in the module's state"
        if found.hpy is not None:
            where = "an HPyGlobal (docs/porting.md)"
        return f"keep each in {where}, make static types heap types; then {again}"
    if found.hpy is not None:
        return f"python -m hpystate abi {found.target.file}"
    if found.abi3 is not None and "import" in found.steps and _failed(found, "import") is None:
        return "build it with Py_LIMITED_API=0x030C0000 or without it; then " + again
    path = "" if name == found.target.name else f"PYTHONPATH={shlex.quote(found.target.root)} "
    return f"{path}python -c 'import {found.target.name}' shows the failure; then {again}"
