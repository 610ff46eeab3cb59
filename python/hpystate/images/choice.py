"""choice.py: which modules of an interpreter are private images, and how: names and options."""

from __future__ import annotations

import sys

from hpystate.images.packages import Entry, Table, entry_of, merged
from hpystate.policy import _matches

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

#: The words of HPYSTATE_IMAGES.
OPTIONS = ("log", "files")
OURS = "hpystate"  # its own extension modules serve all interpreters


class Choice:
    """What isolate() was called with, in all its calls. It is never changed: a thread that imports
    meanwhile sees the one before or the one after."""

    def __init__(
        self,
        names: tuple[str, ...] = (),
        exceptions: tuple[str, ...] = (),
        table: Table | None = None,
        set_environment: bool = False,
        options: frozenset[str] = frozenset(),
        by_environment: str | None = None,
    ) -> None:
        self.names = names
        self.exceptions = exceptions
        self.table: Table = {} if table is None else table
        self.set_environment = set_environment
        self.options = options
        self.by_environment = by_environment  # the value of HPYSTATE_ISOLATE that is in it

    def added(
        self,
        names: tuple[str, ...],
        exceptions: tuple[str, ...],
        table: Table,
        set_environment: bool,
        options: frozenset[str],
    ) -> Choice:
        whole = merged(self.table, table)
        every = _with_needed((*self.names, *names), whole)
        return Choice(
            every,
            tuple(dict.fromkeys((*self.exceptions, *exceptions))),
            whole,
            self.set_environment or set_environment,
            options,
            self.by_environment,
        )

    def with_environment(self, value: str) -> Choice:
        return Choice(
            self.names, self.exceptions, self.table, self.set_environment, self.options, value
        )

    def covers(self, module: str) -> bool:
        """Whether the module, a dotted name, gets a private image."""
        top = module.partition(".")[0]
        if top == OURS:
            return False
        names = self.names
        if top in sys.stdlib_module_names:
            names = tuple(name for name in names if not is_pattern(name))
        return _match(module, names) and not _match(module, self.exceptions)

    def covers_built_in(self, module: str) -> bool:
        """Whether a module of the executable may be imported without CPython's check: something is
        isolated here, and the exceptions do not name the module."""
        return bool(self.names) and not _match(module, self.exceptions)

    def entry(self, module: str) -> Entry:
        return entry_of(self.table, module)

    @property
    def mode(self) -> str:
        return "files" if "files" in self.options else "memory"

    @property
    def log(self) -> bool:
        return "log" in self.options


#: Of this interpreter.
current = Choice()


def is_pattern(name: str) -> bool:
    return any(special in name for special in "*?[")


def parents(module: str) -> list[str]:
    """`a.b.c` -> a.b.c, a.b, a: the entry or name of the longest one counts."""
    parts = module.split(".")
    return [".".join(parts[:end]) for end in range(len(parts), 0, -1)]


def _match(module: str, patterns: Iterable[str]) -> bool:
    """Whether one of them matches the module or a package that it is in."""
    return any(_matches(each, pattern) for pattern in patterns for each in parents(module))


def _with_needed(names: tuple[str, ...], table: Table) -> tuple[str, ...]:
    """The names, and those that the table has in "also" for them: numpy for pandas."""
    found = list(dict.fromkeys(names))
    for name in found:  # it grows meanwhile
        needed = table.get(name, {}).get("also", [])
        found += [each for each in needed if each not in found]
    return tuple(found)


# ---- arguments and variables -------------------------------------------------------------------


def checked_names(source: str, names: Iterable[object]) -> tuple[str, ...]:
    found = tuple(_checked(source, "name", name) for name in names)
    if not found:
        raise ValueError(
            f"{source}: no name was found; the import name of a package was expected, as in "
            'hpystate.isolate("numpy"), or "*" for all'
        )
    return found


def checked_exceptions(source: str, names: Iterable[object]) -> tuple[str, ...]:
    if isinstance(names, str | bytes) or not hasattr(names, "__iter__"):
        raise TypeError(
            f"{source}: except_ is {names!r}; a list of names was expected: except_=['torch']"
        )
    return tuple(_checked(source, "except_", name) for name in names)


def _checked(source: str, what: str, name: object) -> str:
    if not isinstance(name, str):
        raise TypeError(f"{source}: {what} is {type(name).__name__}, a str was expected")
    if not all(name.split(".")) or any(bad in name for bad in "\0/- ,"):
        found = repr(name) if name else "empty"
        hint = ""
        if name.startswith("-"):
            hint = f"; an exception is except_=[{name[1:]!r}]"
        raise ValueError(
            f"{source}: {what} is {found}; the import name of a package or module, or a pattern, "
            f"was expected{hint}"
        )
    if name.partition(".")[0] == OURS and what == "name":
        raise ValueError(
            f"{source}: {what} is {name!r}; another package was expected: the modules of hpystate "
            "serve all interpreters as they are"
        )
    return name


def split(words: Iterable[object], source: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and exceptions of words in which an exception begins with "-"."""
    names: list[object] = []
    exceptions: list[object] = []
    for word in words:
        text = word.strip() if isinstance(word, str) else word
        if isinstance(text, str) and text.startswith("-"):
            exceptions.append(text[1:])
        else:
            names.append(text)
    left_out = tuple(_checked(source, "an exception", name) for name in exceptions)
    if left_out and not names:
        raise ValueError(
            f"{source}: exceptions alone were found ({', '.join(left_out)}); a name or a pattern "
            f'was expected too, as in "*,-{left_out[0]}"'
        )
    return checked_names(source, names), left_out


def options_from_environment(environment: Mapping[str, str]) -> frozenset[str]:
    """The words of HPYSTATE_IMAGES, which commas separate."""
    words = [word.strip() for word in environment.get("HPYSTATE_IMAGES", "").split(",")]
    for word in filter(None, words):
        if word not in OPTIONS:
            raise ValueError(
                f"HPYSTATE_IMAGES: {word!r} was found; 'log', 'files' or 'log,files' was expected. "
                "Set HPYSTATE_IMAGES=log, or unset it."
            )
    return frozenset(filter(None, words))
