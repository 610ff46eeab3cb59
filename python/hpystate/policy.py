"""policy.py: makes the module of a file, and decides how.

Three sources count, the first one most: the arguments of whoever loads the file, the environment
(HPY, HPY_LOG, HPYSTATE_INTERPRETERS, HPYSTATE_GIL, HPYSTATE_OTHER_RUNTIMES), and what the file
declares (`_native.inspect`). _asked() combines arguments and environment, decide() combines that
with the file. The functions below them read the environment.
"""

from __future__ import annotations

import os
import sys

from hpystate import _native
from hpystate.errors import LoadError

TYPE_CHECKING = False  # see finder.py
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType
    from typing import Any

MODES = ("universal", "debug", "trace")
INTERPRETERS = ("own-gil", "shared-gil", "main")
GIL = ("off", "on")
OTHER_RUNTIMES = ("share", "copy", "refuse")

_NO_GIL = "t" in sys.abiflags  # a build of CPython that can run without the GIL


# ---- from a file to a module -------------------------------------------------------------------


def create_module(
    name: str,
    path: str,
    spec: Any,
    mode: str | None = None,
    interpreters: str | None = None,
    gil: bool | None = None,
    other_runtimes: str | None = None,
) -> ModuleType:
    """Makes the module `name` of the file in `path`, not executed.

    name          dotted name of the module; its last part names the functions in the file
    path          the file
    spec          the ModuleSpec that the module is made for
    mode, interpreters, gil, other_runtimes
                  as for hpystate.load(); None: not given. HPY then decides the mode
    raises        LoadError; ValueError for a wrong word in the environment; a RuntimeWarning that
                  is an error; what functions of the file raise
    """
    asked = _asked(name, mode, interpreters, gil, os.environ)
    sharing = _sharing(name, other_runtimes, os.environ)
    file, declared = _inspect(name, path, sharing)
    sharing = sharing or declared["other_runtimes"]
    if sharing == "copy":
        sharing = None  # nobody else finds the copy
    mode, interpreters, needs_gil = decide(asked, declared)
    if needs_gil and _NO_GIL:
        from hpystate.gil import bring_back

        bring_back(name, mode != "universal")
    return _native.create(file, spec, mode, interpreters, sharing)


def create_compiled(file: Any, declared: Mapping[str, Any], spec: Any) -> ModuleType:
    """Makes the module of a file that was compiled for the CPython ABI, not executed.

    C code calls it: the file, when CPython imports it (cpython_abi.cpp). Such a module has no
    modes: its calls are compiled into it. So HPY does not count, and nothing is logged. Nor does
    HPYSTATE_OTHER_RUNTIMES: such a file calls hpystate alone, so no other HPy runtime loads it.

    file, declared  the capsule and the dict of `_native.inspect`
    spec            the ModuleSpec that the module is made for
    raises          as create_module()
    """
    name = spec.name
    asked = _asked(name, "universal", None, None, os.environ)
    mode, interpreters, needs_gil = decide(asked, declared)
    if needs_gil and _NO_GIL:
        from hpystate.gil import bring_back

        bring_back(name, False)
    try:
        return _native.create(file, spec, mode, interpreters, None)
    except LoadError as error:
        if error.kind != "module-size":
            raise
        # What upstream's CPython ABI raises, which is code in the extension, and its tests expect.
        negative = error.details["size"].startswith("-")
        rule = "HPy does not permit HPyModuleDef.size < 0: " if negative else ""
        raise SystemError(f"{rule}{error}") from error


def _inspect(name: str, path: str, sharing: str | None) -> tuple[Any, Mapping[str, Any]]:
    """What `_native.inspect` returns of the file, or of a private copy if that was asked for. A
    file that asks for it is opened, to hear that, and stays open."""
    if sharing != "copy":
        inspected: tuple[Any, Mapping[str, Any]] = _native.inspect(name, path)
        if (sharing or inspected[1]["other_runtimes"]) != "copy":
            return inspected
    from hpystate.private_copy import private_copy

    copied: tuple[Any, Mapping[str, Any]] = _native.inspect(name, private_copy(path))
    return copied


def _asked(
    name: str,
    mode: str | None,
    interpreters: str | None,
    gil: bool | None,
    environment: Mapping[str, str],
) -> tuple[str, str | None, str | None]:
    """What the arguments ask for, or else the environment: a mode, a word of INTERPRETERS, a word
    of GIL. Called before the file is opened."""
    if mode is None:
        mode = mode_from_environment(name, environment)
        announce(name, mode, environment)
    elif mode not in MODES:
        raise ValueError(f"{name}: mode is '{mode}'; 'universal', 'debug' or 'trace' was expected.")
    where = interpreters or interpreters_from_environment(name, environment)
    if where is not None and where not in INTERPRETERS:
        raise ValueError(
            f"{name}: interpreters is '{where}'; 'own-gil', 'shared-gil' or 'main' was expected."
        )
    word = GIL[gil] if gil is not None else gil_from_environment(name, environment)
    return mode, where, word


def _sharing(name: str, other_runtimes: str | None, environment: Mapping[str, str]) -> str | None:
    """What to do if another HPy runtime has the file too: a word of OTHER_RUNTIMES. None: nobody
    decided, and `_native.create` decides by that runtime."""
    word = other_runtimes or other_runtimes_from_environment(name, environment)
    if word is not None and word not in OTHER_RUNTIMES:
        raise ValueError(
            f"{name}: other_runtimes is '{word}'; 'share', 'copy' or 'refuse' was expected."
        )
    return word


def decide(
    asked: tuple[str, str | None, str | None], declared: Mapping[str, Any]
) -> tuple[str, str | None, bool]:
    """The mode; where the module may be made (None: neither caller nor file declares
    it, and `_native.create` finds by the definition whether the file is hybrid); whether it needs
    the GIL.

    asked     a mode, a word of INTERPRETERS or None, a word of GIL or None
    declared  what `_native.inspect` read of the file
    """
    mode, interpreters, gil = asked
    # The tables of debug and trace mode serve one thread of an interpreter at a time.
    needs_gil = mode != "universal" or (gil or declared["gil"]) != "off"
    return mode, interpreters or declared["interpreters"], needs_gil


# ---- the environment ---------------------------------------------------------------------------


def mode_from_environment(name: str, environment: Mapping[str, str]) -> str:
    """The mode of a module by HPY: `MODE`, or `module:MODE,module:MODE`; "universal" if HPY is not
    set, or empty.

    A module of a package goes by its dotted name or by the last part of it; upstream's stubs know
    the last part only. A ValueError names a mode that HPy does not have.
    """
    value = environment.get("HPY", "")
    if not value.strip():
        return "universal"
    mode = value
    if ":" in value:
        mode = "universal"
        for part in value.split(","):
            module, _, word = part.partition(":")
            if module.strip() in (name, name.rpartition(".")[2]):
                mode = word
                break
    mode = mode.strip().lower()
    if mode not in MODES:
        raise ValueError(
            f"invalid HPy mode: {value[:50]}. The environment variable HPY names the mode "
            f"{mode[:50]!r} for the module {name!r}; universal, debug or trace was expected. Set "
            f"HPY=debug, or HPY={name}:debug for this module alone."
        )
    return mode


def announce(name: str, mode: str, environment: Mapping[str, str]) -> None:
    """Where HPY_LOG is set: the line that upstream prints for every module that is imported.

    Without a sys.stdout there is no line, as with print(). If the line cannot be written that is a
    warning: no import fails because of it.
    """
    stdout = getattr(sys, "stdout", None)
    if "HPY_LOG" not in environment or stdout is None:
        return
    suffix = "" if mode == "universal" else f" with a {mode} context"
    line = f"Loading '{name}' in HPy universal mode{suffix}"
    try:
        stdout.write(line + "\n")
    except (OSError, ValueError) as error:  # the disk is full, the pipe or the file closed, ASCII
        import warnings

        text = f"HPY_LOG: the line {line!a} could not be written to sys.stdout: {error}"
        warnings.warn(text, RuntimeWarning, stacklevel=2)


def interpreters_from_environment(name: str, environment: Mapping[str, str]) -> str | None:
    """The value of HPYSTATE_INTERPRETERS for a module: that of the first pattern that matches."""
    return _value_for(name, "HPYSTATE_INTERPRETERS", INTERPRETERS, environment)


def gil_from_environment(name: str, environment: Mapping[str, str]) -> str | None:
    """The value of HPYSTATE_GIL for a module, found in the same way: "off", "on" or None."""
    return _value_for(name, "HPYSTATE_GIL", GIL, environment)


def other_runtimes_from_environment(name: str, environment: Mapping[str, str]) -> str | None:
    """The value of HPYSTATE_OTHER_RUNTIMES for a module, found in the same way."""
    return _value_for(name, "HPYSTATE_OTHER_RUNTIMES", OTHER_RUNTIMES, environment)


def _value_for(
    name: str, variable: str, words: Sequence[str], environment: Mapping[str, str]
) -> str | None:
    setting = environment.get(variable)
    if not setting:
        return None
    for part in filter(None, (piece.strip() for piece in setting.split(","))):
        pattern, equals, value = part.partition("=")
        if not equals or value.strip() not in words:
            expected = ", ".join(words)
            raise ValueError(
                f"{variable}: {part!r} found; pattern=value was expected, where value is one of "
                f"{expected}"
            )
        if _matches(name, pattern.strip()):
            return value.strip()
    return None


def _matches(name: str, pattern: str) -> bool:
    """fnmatch.fnmatchcase; without its import, which brings `re`, for `name`, `start*` and `*`: an
    interpreter of CPython 3.13t never gives back the MiB that it costs."""
    start = pattern.removesuffix("*")
    if any(special in start for special in "*?["):
        import fnmatch

        return fnmatch.fnmatchcase(name, pattern)
    return name == pattern or (start != pattern and name.startswith(start))
