"""read.py: reads what look/__init__.py returns: of this interpreter, and of the others.

What is safe to read of another interpreter is which of its globals are set, and how many: two
atomic words of each (interp_state/regions.h). Its objects are not: their reference counts and
their repr() belong to threads that hold its GIL. So they are read by code that runs there.
"""

from __future__ import annotations

import json
import os
import platform
import reprlib
import sys
from typing import Any

from hpystate import _native

LONGEST = 80  # characters of a repr
WINDOW_PAGE = 4096
ELSEWHERE = "it is another interpreter; inspect(all=True) runs code there"

ENDING = "it is ending: its values are gone"


class _Short(reprlib.Repr):
    def repr_instance(self, x: object, level: int) -> str:
        return repr(x)  # the base class hides that it raised


_SHORT = _Short()
_SHORT.maxstring = _SHORT.maxother = 60


def printable(text: str) -> str:
    """With \\x1b and the like written out: a value may not write to the reader's terminal."""
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)


def short(value: object) -> str:
    """repr() in at most LONGEST characters of one line. What it raises is the text."""
    try:
        text = _SHORT.repr(value)
    except Exception as error:
        text = f"<repr() raised {type(error).__name__}>"
    text = printable(text)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def type_name(value: object) -> str:
    kind = type(value)
    # Not kind.__qualname__: a metaclass may have an answer of its own, which runs code.
    name: str = type.__dict__["__qualname__"].__get__(kind)
    try:
        module = type.__dict__["__module__"].__get__(kind)
    except AttributeError:  # a type whose full name has no dot
        module = "builtins"
    named = isinstance(module, str) and module != "builtins"
    return printable(f"{module}.{name}" if named else name)


def size_of(value: object) -> int | None:
    """sys.getsizeof(): the object alone. None where its __sizeof__ raises."""
    try:
        return sys.getsizeof(value)
    except Exception:  # of the object's own __sizeof__; None is what the reader sees
        return None


def label(row: dict[str, Any]) -> str:
    """A global's name for people: module.name, or its place where the file has no names."""
    name = row["name"] or (f"globals[{row['index']}]" if row["module"] else f"+{row['offset']:#x}")
    return f"{row['module'] or os.path.basename(row['file'])}.{name}"


def _place(described: tuple[str | None, int, str, int, str]) -> dict[str, Any]:
    module, index, file, offset, name = described
    return {
        "name": printable(name),
        "module": module,
        "index": None if module is None else index,
        "file": file.encode(errors="surrogateescape").decode(errors="replace"),
        "offset": offset,
        "set": False,
        "type": None,
        "repr": None,
        "bytes": None,
        "address": None,
    }


def values_here(texts: bool) -> dict[int, dict[str, Any]]:
    """Of the calling interpreter: by the address of the slot, what a row has of the value."""
    return {
        slot: {
            "set": True,
            "type": type_name(value),
            "repr": short(value) if texts else None,
            "bytes": size_of(value),
            "address": id(value),
        }
        for slot, value in _native.held().items()
    }


def images_here() -> list[dict[str, Any]]:
    """Of the calling interpreter: its private images. The module is there if isolate() was used."""
    module = sys.modules.get("hpystate._images")
    return [] if module is None else [_image(each) for each in module.images()]


def _image(image: Any) -> dict[str, Any]:
    libraries = [f"{_text(path)} ({how})" for path, how in image.libraries]
    return {
        "file": _text(image.file),
        "name": _text(image.name),
        "libraries": libraries,
        "shared": image.shared,
        "private": image.private,
    }


def _text(path: str) -> str:
    """A path as a text that JSON can hold and a terminal can show."""
    return printable(path.encode(errors="surrogateescape").decode(errors="replace"))


#: What is read in an interpreter: values_here() and images_here().
Found = tuple[dict[int, dict[str, Any]], list[dict[str, Any]]]


def send(file: int, texts: bool) -> None:
    """Runs in the interpreter that is read: writes a Found into a file."""
    with open(file, "w", encoding="utf-8", closefd=False) as stream:
        json.dump((list(values_here(texts).items()), images_here()), stream)


def _ask(identity: int, texts: bool) -> Found | str:
    """A Found of another interpreter, or why there is none."""
    from hpystate.interpreters import execute, handle_of

    file = os.memfd_create("hpystate-inspect")
    code = f"__import__('hpystate.look.read', fromlist=['send']).send({file}, {texts})"
    try:
        try:
            failure = execute(handle_of(identity), code)
        except Exception as error:  # it is at work, or has ended meanwhile
            return printable(str(error))
        if failure is not None:
            return printable(f"reading raised there: {failure.strip()}")
        with open(file, encoding="utf-8", closefd=False) as stream:
            stream.seek(0)
            values, images = json.load(stream)
            return dict(values), images
    finally:
        os.close(file)


def _order(row: dict[str, Any]) -> tuple[bool, str, int, int]:
    """By module, as it lists them; then what no module lists."""
    return row["module"] is None, row["module"] or row["file"], row["index"] or 0, row["offset"]


def _interpreter(
    identity: int,
    generation: int,
    pages: int,
    rows: dict[int, dict[str, Any]],
    read_there: Found | str,
) -> dict[str, Any]:
    found, images = ({}, None) if isinstance(read_there, str) else read_there
    for slot, value in found.items():
        if slot in rows:  # unless a slot was registered after slots() was called
            rows[slot].update(value)
    globals_ = sorted(rows.values(), key=_order)
    whole = not isinstance(read_there, str)
    return {
        "interpreter": identity,
        "generation": generation,
        "modules": sorted({row["module"] for row in globals_ if row["module"] is not None}),
        "slots": len(globals_),
        "values": sum(row["set"] for row in globals_),
        "window_bytes": pages * WINDOW_PAGE,
        "bytes": sum(row["bytes"] or 0 for row in globals_) if whole else None,
        "why": None if whole else read_there,
        "images": images,
        "globals": globals_,
    }


def read(everything: bool, texts: bool = True) -> dict[str, Any]:
    """What Inspection.found has."""
    state = _native.state()
    here = state["interpreter"]
    regions = _native.regions()
    places = {slot: _place(described) for slot, described in _native.slots().items()}
    phases = {"live": 0, "dying": 0, "free": 0}
    found = []
    for identity, generation, phase, pages, set_here in regions:
        phases[phase] += 1
        own = identity == here and generation == state["generation"]
        if phase != "live" and not own:
            continue  # its interpreter is ending, or gone
        values: Found | str = ELSEWHERE
        if own:
            pages = state["pages"]
            values = (values_here(texts), images_here()) if phase == "live" else ENDING
        elif everything:
            values = _ask(identity, texts)
        slots = [*set_here, *(() if isinstance(values, str) else values[0])]
        rows = {s: places[s] | {"set": set_here.get(s, False)} for s in slots if s in places}
        found.append(_interpreter(identity, generation, pages, rows, values))
    found.sort(key=lambda each: each["interpreter"])
    from hpystate import __version__

    module = sys.modules.get("hpystate._images")
    return {
        "hpystate": __version__,
        "python": platform.python_version(),
        "interpreter": here,
        "regions": phases,
        "images": None if module is None else module.counts(),
        "interpreters": found,
    }
