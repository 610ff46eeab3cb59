"""environment.py: what the variables HPY, HPY_LOG, HPYSTATE_INTERPRETERS and HPYSTATE_GIL say."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # see finder.py
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

MODES = ("universal", "debug", "trace")
INTERPRETERS = ("own-gil", "shared-gil", "main")
GIL = ("off", "on")


def mode_from_environment(name: str, environment: Mapping[str, str]) -> str:
    """What HPY says for a module: `MODE`, or `module:MODE,module:MODE`; "universal" where it is not
    set, or empty.

    A module of a package goes by its dotted name or by the last part of it; upstream's stubs know
    the last part only. A ValueError names a mode that HPy does not have.
    """
    said = environment.get("HPY", "")
    if not said.strip():
        return "universal"
    mode = said
    if ":" in said:
        mode = "universal"
        for part in said.split(","):
            module, _, word = part.partition(":")
            if module.strip() in (name, name.rpartition(".")[2]):
                mode = word
                break
    mode = mode.strip().lower()
    if mode not in MODES:
        raise ValueError(
            f"invalid HPy mode: {said[:50]}. The environment variable HPY asks for the mode "
            f"{mode[:50]!r} for the module {name!r}; universal, debug or trace was expected. Set "
            f"HPY=debug, or HPY={name}:debug for this module alone."
        )
    return mode


def announce(name: str, mode: str, environment: Mapping[str, str]) -> None:
    """Where HPY_LOG is set: the line that upstream prints for every module that is imported.

    Without a sys.stdout there is no line, as with print(). No import fails because of the line: one
    that cannot be written is a warning.
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

        said = f"HPY_LOG: sys.stdout does not take the line {line!a}: {error}"
        warnings.warn(said, RuntimeWarning, stacklevel=2)


def interpreters_from_environment(name: str, environment: Mapping[str, str]) -> str | None:
    """What HPYSTATE_INTERPRETERS says for a module: the first `pattern=value` that matches it."""
    return _said_for(name, "HPYSTATE_INTERPRETERS", INTERPRETERS, environment)


def gil_from_environment(name: str, environment: Mapping[str, str]) -> str | None:
    """What HPYSTATE_GIL says for a module, in the same way: "off", "on" or None."""
    return _said_for(name, "HPYSTATE_GIL", GIL, environment)


def _said_for(
    name: str, variable: str, words: Sequence[str], environment: Mapping[str, str]
) -> str | None:
    said = environment.get(variable)
    if not said:
        return None
    for part in filter(None, (piece.strip() for piece in said.split(","))):
        pattern, equals, value = part.partition("=")
        if not equals or value.strip() not in words:
            expected = ", ".join(words)
            raise ValueError(
                f"{variable}: {part!r} is not pattern=value with a value of {expected}"
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
