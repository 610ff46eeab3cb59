"""abi.py: `python -m hpystate abi FILE`: what a file asks for, what it gets, what is emulated.

The answers are those of an import: `_native.inspect` decides both. It opens the file as an import
does, so the file's constructors run, and the functions that return its version and its words; no
module is made. The command does that in a child process: a damaged file can end the process that
opens it, in the dynamic linker or in its own code, and no check before that can see all of it.

Exit status: 0 if this Python can load every module of the file, 1 if one is refused, 2 for wrong
arguments.
"""

from __future__ import annotations

import io
import json
import os
import platform
import signal
import sys
from typing import Any

from hpystate import _native
from hpystate._native import version
from hpystate.errors import LoadError

#: Bytes of a word, and of a function pointer in a table: the runtime is for 64-bit machines.
_WORD = 8
#: One of `asked_by`: what the file exports if it was compiled with our headers.
_CONSTANT = "hpystate_asks_NAME"
#: What a file may declare by words.
_WORDS = ("interpreters", "gil", "other_runtimes")


def describe_runtime() -> dict[str, Any]:
    """This runtime and this Python, as what a file must fit."""
    gil = "without the GIL" if "t" in sys.abiflags else "with the GIL"
    return {
        "hpystate": version,
        "python": f"CPython {platform.python_version()} {gil}",
        "machine": f"{platform.machine()}, {8 * _WORD} bits, {sys.byteorder}-endian",
        "offers": [_row(offer) for offer in _native.offers()],
    }


def describe(path: str, module: str | None = None) -> dict[str, Any]:
    """What the modules of a file ask for and get.

    path     the file
    module   the one module to look at; None: all that the file exports, or if it exports none, the
             one of the file's name
    returns  a dict that can be written as JSON: file, loads (bool: this Python can load them all)
             and modules, a list of dicts. Each has module and loads; one that is refused has kind
             and reason, as LoadError, or the kind "raised" if a function of the file raised; any
             other has import_looks_for (the name by which an import finds its file), asks, gets,
             tables, and emulated: a list of dicts with name (what HPy's current version does not
             have, or has otherwise) and by (what this runtime does for it)
    """
    path = os.path.abspath(path)
    modules = [_describe_module(_printable(name), path) for name in _names(path, module)]
    return {"file": path, "loads": all(each["loads"] for each in modules), "modules": modules}


def _describe_apart(path: str, module: str | None) -> dict[str, Any]:
    """describe() in a child; if that is ended, the file's modules have the kind "crashed"."""
    read_end, write_end = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        with os.fdopen(write_end, "w") as pipe:
            os.close(read_end)
            json.dump(describe(path, module), pipe)
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        text = pipe.read()
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 0 and text:
        return json.loads(text)
    path = os.path.abspath(path)
    how = f"was ended by {_name_of_signal(-code)}" if code < 0 else f"ended with status {code}"
    reason = (
        f"{path}: the process that opened it {how}, in the dynamic linker or in code of the file; "
        "an import of it would end the program. Build or copy the file again."
    )
    modules = [
        {"module": name, "loads": False, "kind": "crashed", "reason": reason}
        for name in _names(path, module)
    ]
    return {"file": path, "loads": False, "modules": modules}


def _name_of_signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"  # one of the real-time signals has no name


def _names(path: str, module: str | None) -> list[str]:
    found = [module] if module is not None else _native.modules(path)
    return found or [_stem(path) or "module"]


def _stem(path: str) -> str:
    return os.path.basename(path).partition(".")[0]


def _printable(text: str) -> str:
    """Bytes that are not UTF-8 arrive as surrogates, which neither C nor a terminal takes."""
    return os.fsencode(text).decode("utf-8", "replace")


def _row(offer: dict[str, Any]) -> dict[str, Any]:
    return {**offer, "emulated": _emulated(offer)}


def _emulated(offer: dict[str, Any]) -> list[dict[str, str]]:
    return [{"name": name, "by": by} for name, by in offer["emulated"]]


def _describe_module(name: str, path: str) -> dict[str, Any]:
    try:
        file, declared = _native.inspect(name, path)
    except LoadError as error:
        return {"module": name, "loads": False, "kind": error.kind, "reason": str(error)}
    except Exception as error:
        told = error.__cause__ or error  # the loader's own words are around the file's exception
        reason = f"{path}: a function of the file raised {type(told).__name__}: {told}"
        return {"module": name, "loads": False, "kind": "raised", "reason": reason}
    found = _native.negotiated(file)
    offer = found["gets"]
    size = found["context_size"]
    missing = 0 if size is None else (offer["context_size"] - size) // _WORD
    by = offer["asked_by"] + ("" if size is None else f", {_CONSTANT}")
    return {
        "module": name,
        "loads": True,
        "import_looks_for": name + os.path.basename(path)[len(_stem(path)) :],
        "asks": {
            "release": offer["release"],
            "abi": declared["abi"],
            "tag": declared["tag"],
            "by": by.replace("NAME", name),
            "functions": None if size is None else offer["functions"] - missing,
            **{key: declared[key] for key in _WORDS},
        },
        "gets": {
            "release": offer["release"],
            "abi": offer["abi"],
            "functions": offer["functions"],
        },
        "emulated": _emulated(offer),
        "tables": {
            "fused calls": _table(found["fused"]),
            "calls between extensions": _table(found["sibling"]),
        },
    }


def _table(sizes: tuple[int, int] | None) -> dict[str, Any] | None:
    """What the file knows of an optional table; None: it does not use it. A file that was compiled
    with more than the runtime has gets nothing: its calls use HPy's own functions."""
    if sizes is None:
        return None
    asked, offered = (size // _WORD for size in sizes)
    return {"asks": asked, "offered": offered, "gets": asked if asked <= offered else 0}


def _lines(module: dict[str, Any], path: str) -> list[str]:
    if not module["loads"]:
        return [f"  refused    {module['kind']}: {module['reason']}"]
    asks, gets = module["asks"], module["gets"]
    words = [f"{key} {asks[key]!r}" for key in _WORDS if asks[key] is not None]
    known = "" if asks["functions"] is None else f", {asks['functions']} functions"
    lines = [
        f"  asks for   HPy {asks['release']} (ABI {asks['abi']}, tag {asks['tag']}){known}",
        f"  by         {asks['by']}",
        f"  gets       HPy {gets['release']} (ABI {gets['abi']}), {gets['functions']} functions",
        f"  emulated   {_count(module['emulated'])}",
        *(f"    {each['name']}: {each['by']}" for each in module["emulated"]),
    ]
    for name, table in module["tables"].items():
        if table is None:
            lines.append(f"  {name}: not used")
        elif table["gets"] == table["asks"]:
            lines.append(f"  {name}: all {table['asks']}")
        else:
            lines.append(
                f"  {name}: it knows {table['asks']}, this runtime has {table['offered']}: each "
                "call uses HPy's own functions"
            )
    if module["import_looks_for"] != os.path.basename(path):
        lines.append(
            f"  import     looks for {module['import_looks_for']}, and this file is "
            f"{os.path.basename(path)}: rename it, or call "
            f"hpystate.load({module['module']!r}, {path!r})"
        )
    return lines + ([f"  declares   {', '.join(words)}"] if words else [])


def _count(emulated: list[dict[str, str]]) -> str:
    return f"{len(emulated)} that 0.9 does not have, or has otherwise" if emulated else "nothing"


def show_runtime() -> str:
    """The versions that this runtime has, for people."""
    runtime = describe_runtime()
    lines = [f"hpystate {runtime['hpystate']}, {runtime['python']}, {runtime['machine']}"]
    for row in runtime["offers"]:
        lines += [
            f"HPy {row['release']}: ABI {row['abi']}, NAME{row['name_tag']}, "
            f"{row['functions']} functions",
            f"  asked for by {row['asked_by']}",
            f"  emulated     {_count(row['emulated'])}",
        ]
    return "\n".join(lines)


def show(found: dict[str, Any]) -> str:
    """What describe() returned, for people."""
    lines = [found["file"]]
    for module in found["modules"]:
        lines += [f"module {module['module']}", *_lines(module, found["file"])]
    return "\n".join(lines)


def main(file: str | None, module: str | None, as_json: bool) -> int:
    """The command; returns the exit status."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # paths have any bytes
    if file is None:
        if as_json:
            print(json.dumps(describe_runtime(), indent=2))
        else:
            print(show_runtime())
        return 0
    found = _describe_apart(file, module)
    print(
        json.dumps({"runtime": describe_runtime(), **found}, indent=2) if as_json else show(found)
    )
    return 0 if found["loads"] else 1
