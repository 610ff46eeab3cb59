"""child.py: imports a module in a process of its own and walks over its statics.

    python -m hpystate.doctor.child FD     # the request is JSON on its standard input

What it finds goes to the descriptor FD, one line of JSON for each step as soon as it is done, since
the module may end this process at any time. A step that begins has a line too: so the parent knows
which one hung or crashed. A step whose module raised has "raised": the exception's type and text.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import struct
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import hpystate
from hpystate.doctor import walk
from hpystate.doctor.load import load, told
from hpystate.testing import Interpreter

#: Py_mod_multiple_interpreters; the second one from 3.15 on.
_OF_INTERPRETERS = (3, 86)
_INTERPRETERS = {0: "refused", 1: "shared GIL", 2: "own GIL"}
_MOST_SLOTS = 64
#: Bytes from the beginning of a PyModuleDef to m_slots, without its PyModuleDef_Base.
_TO_SLOTS = 4 * 8
_BASE = object.__basicsize__ + 3 * 8  # m_init, m_index, m_copy
_DEFINITION = _BASE + 8 * 8


def main() -> None:
    out = os.fdopen(int(sys.argv[1]), "w", buffering=1)
    request = json.load(sys.stdin)

    def report(step: str, **found: Any) -> None:
        out.write(json.dumps({"step": step, **found}) + "\n")

    status = 0
    try:
        _run(request, report)
        report("done")
    except BaseException:
        traceback.print_exc()
        status = 1
    out.flush()
    sys.stderr.flush()
    # The interpreter's end would run code of the module, after all has been told.
    os._exit(status)


def _run(request: dict[str, Any], report: Any) -> None:
    sys.path[:] = request["sys_path"]
    report("import", begins=True)
    try:
        take = hpystate.load if request["is_hpy"] else load
        module = take(request["name"], request["file"])
    except BaseException as error:
        report("import", raised=told(error))
        return
    definition = 0 if request["is_hpy"] else _definition(module)
    slots = _slots(definition)
    report("import", slots=slots)
    place = _place(request, definition)
    if place is None:
        report("observed", not_mapped=request["file"])
        return
    report("observed", begins=True)
    found = walk.snapshot(place.spans, place.ignored)
    report("observed", **_plain(found, request, place.base))
    if request["exercise"] is not None:
        found = _exercise(request, place, report)
    if not request["is_hpy"]:
        _differential(request, slots, place, found, report)


def _exercise(request: dict[str, Any], place: Place, report: Any) -> dict[str, Any]:
    report("exercise", begins=True)
    top = request["name"].partition(".")[0]
    scope = {"__name__": "__main__", top: sys.modules.get(top)}
    raised = None
    try:
        exec(compile(request["exercise"], "<exercise>", "exec"), scope)
    except BaseException as error:
        raised = told(error)
    after = walk.snapshot(place.spans, place.ignored)  # what the code made is still in `scope`
    report("exercise", raised=raised, **_plain(after, request, place.base))
    return after


def _definition(module: ModuleType) -> int:
    """The address of its PyModuleDef; 0 if it does not show one."""
    get_definition = ctypes.pythonapi.PyModule_GetDef
    get_definition.restype = ctypes.c_void_p
    get_definition.argtypes = [ctypes.py_object]
    try:
        return get_definition(module) or 0
    except (SystemError, TypeError):  # what create returned is not a module
        return 0


def _slots(definition: int) -> dict[str, Any] | None:
    """What a definition declares; None without one."""
    if not definition:
        return None
    memory = walk.Memory()
    try:
        at = memory.word(definition + _BASE + _TO_SLOTS)
        found: dict[str, Any] = {"multi_phase": bool(at), "interpreters": None}
        for _ in range(_MOST_SLOTS):
            pair = memory.words(at, at + 16) if at else []
            if len(pair) < 2 or pair[0] & 0xFFFFFFFF == 0:
                break
            if pair[0] & 0xFFFFFFFF in _OF_INTERPRETERS:
                found["interpreters"] = _INTERPRETERS.get(pair[1], str(pair[1]))
            at += 16
        return found
    finally:
        memory.close()


class Place(NamedTuple):
    """Where the module's file is in memory."""

    base: int  #: what the linker added to its addresses
    spans: list[tuple[int, int]]  #: its writable words
    ignored: tuple[int, int]  #: its definition, which CPython writes to


def _place(request: dict[str, Any], definition: int) -> Place | None:
    base = walk.Mapping().base(request["file"], *request["first"])
    if base is None:
        return None
    spans = [(base + begin, base + end) for begin, end in request["writable"]]
    return Place(base, spans, (definition, definition + _DEFINITION))


def _plain(found: dict[str, Any], request: dict[str, Any], base: int) -> dict[str, Any]:
    """A walk's result with addresses as they are in the file, for JSON."""
    memory = walk.Memory()
    try:
        zero = [at for at in request["watched"] if memory.word(base + at) == 0]
    finally:
        memory.close()
    return {
        "words": sum(len(data) for data in found["words"].values()) // walk.WORD,
        "holders": [[at - base, kind, how] for at, _, kind, how in found["holders"]],
        "static_types": [[at - base, name] for at, name in found["static_types"].items()],
        "zero": zero,
    }


# ---- a second interpreter ----------------------------------------------------------------------
def _differential(
    request: dict[str, Any],
    slots: dict[str, Any] | None,
    place: Place,
    first: dict[str, Any],
    report: Any,
) -> None:
    """Imports the module in a second interpreter as well, and compares the words.

    The interpreter has a GIL of its own if the module declares that it may. Otherwise it shares the
    main one, and CPython does not check what a module declares.
    """
    gil = "own" if slots is None or slots["interpreters"] == "own GIL" else "shared"
    report("differential", begins=True, gil=gil)
    second = Interpreter(gil=gil)
    raised = _answer(
        second, _LOAD_IN_SECOND.format(load=_text_of("load"), path=sys.path, **request)
    )
    if raised is not None:
        text, culprit = raised
        other = culprit if culprit not in ("", request["file"]) else None
        report("differential", gil=gil, raised=text, other=other)
        return
    after = _answer(second, _WALK_IN_SECOND.format(walk=_text_of("walk"), place=place[1:]))
    report("differential", gil=gil, **_compared(first, after, place))


def _answer(interpreter: Interpreter, code: str) -> Any:
    """The value of `answer` in `code`. Not Interpreter.run: that reads a pipe, which a process that
    the module starts keeps open."""
    file = os.memfd_create("answer")
    interpreter._execute(f"{code}\n{_WRITE.format(file=file)}")
    os.lseek(file, 0, os.SEEK_SET)
    with os.fdopen(file, "rb") as answer:
        return pickle.load(answer)


_WRITE = """
import os, pickle
with os.fdopen({file}, "wb", closefd=False) as file:
    pickle.dump(answer, file)
"""


def _text_of(module: str) -> str:
    return (Path(__file__).parent / f"{module}.py").read_text()


_LOAD_IN_SECOND = """
import sys
sys.path[:] = {path!r}
scope = {{"__name__": "load"}}
exec(compile({load!r}, "load.py", "exec"), scope)
answer = scope["load_second"]({name!r}, {file!r})
"""

_WALK_IN_SECOND = """
scope = {{"__name__": "walk"}}
exec(compile({walk!r}, "walk.py", "exec"), scope)
answer = scope["snapshot"](*{place!r})
"""


def _compared(first: dict[str, Any], after: dict[str, Any], place: Place) -> dict[str, Any]:
    """Words by what the second import did to them, as addresses in the file.

    overwritten  held an object of the first interpreter; now something else
    kept         hold an object of the first interpreter, which the second one uses too
    filled       held no object; now one of the second interpreter
    changed      other words that differ: counters, pointers of C, pointers with a tag
    """
    words = after["words"]
    held = {at for at, *_ in first["holders"]}
    new = {at for at, *_ in after["holders"]}
    found: dict[str, list[int]] = {"overwritten": [], "kept": [], "filled": [], "changed": []}
    for begin, data in first["words"].items():
        before = struct.unpack(f"{len(data) // 8}Q", data)
        now = struct.unpack(f"{len(words[begin]) // 8}Q", words[begin])
        for index, (old, value) in enumerate(zip(before, now, strict=False)):
            at = begin + 8 * index
            if place.ignored[0] <= at < place.ignored[1]:
                continue
            if at in held:
                found["kept" if old == value else "overwritten"].append(at - place.base)
            elif old != value:
                found["filled" if at in new else "changed"].append(at - place.base)
    return found


if __name__ == "__main__":
    main()
