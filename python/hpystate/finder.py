"""finder.py: from a module's name to a file X.hpy0.so, and from the file to a module.

A hybrid extension, which uses CPython's C API too, lies in X.hpy0-cp312.so: it is found by the one
Python that it was compiled for. Where both are there, the universal file is taken.

The finder stands first on sys.meta_path. Beside X.hpy0.so upstream's build writes a stub X.py,
which imports `pkg_resources`; interpreters with a GIL of their own refuse that. So the file wins
and the stub never runs. The same finder answers for `hpy.universal`, also where upstream's `hpy` is
installed for its build part.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

from hpystate import _native

# Every interpreter imports this module, and what an interpreter imported CPython does not give back
# whole: so no `typing`, no `importlib.abc` (which imports forty modules), and no `re` until needed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import ModuleType

SUFFIX = ".hpy0.so"
HYBRID_SUFFIX = f".hpy0-cp{sys.version_info[0]}{sys.version_info[1]}{sys.abiflags}.so"
MODES = ("universal", "debug", "trace")
INTERPRETERS = ("own-gil", "shared-gil", "main")
GIL = ("off", "on")
DROP_IN = "hpy.universal"
#: Names that HPy's users import -> modules of ours, the same objects.
ALIASES = {
    "hpy.debug": "hpystate.debug",
    "hpy.debug.leakdetector": "hpystate.debug.leakdetector",
    "hpy.debug.pytest": "hpystate.debug.pytest",
    "hpy.trace": "hpystate.trace",
}


class HPyLoader:
    """Makes the module of one file; the two halves are those of PEP 489."""

    def __init__(
        self,
        name: str,
        path: str,
        mode: str | None = None,
        interpreters: str | None = None,
        gil: bool | None = None,
    ) -> None:
        self.name = name
        self.path = path
        self.mode = mode
        self.interpreters = interpreters
        self.gil = gil

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        mode = self.mode
        if mode is None:
            mode = mode_from_environment(spec.name, os.environ)
            announce(spec.name, mode, os.environ)
        asked = self.interpreters or interpreters_from_environment(spec.name, os.environ)
        gil = GIL[self.gil] if self.gil is not None else gil_from_environment(spec.name, os.environ)
        return _native.create(spec.name, self.path, spec, mode, asked, gil)

    def exec_module(self, module: ModuleType) -> None:
        _native.execute(module)

    def get_filename(self, name: str) -> str:
        return self.path

    def is_package(self, name: str) -> bool:
        return False

    def __repr__(self) -> str:
        return f"HPyLoader({self.name!r}, {self.path!r})"


class HPyFinder:
    """Finds `*.hpy0.so` and `*.hpy0-cp312.so` on the path of a package or on sys.path."""

    def __init__(self) -> None:
        # directory -> (time of its last change in ns, files of modules in it by name); like the
        # finder of the standard library, a look at the time of change saves reading the directory.
        self._listings: dict[str, tuple[int, dict[str, str]]] = {}

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname == DROP_IN:
            return _drop_in_spec()
        if fullname == "hpy":
            return _parent_spec()
        if fullname in ALIASES:
            return _alias_spec(fullname)
        tail = fullname.rpartition(".")[2]
        for entry in sys.path if path is None else path:
            if not isinstance(entry, str):
                continue
            directory = entry or os.getcwd()
            file = self._files_in(directory).get(tail)
            if file is not None:
                return spec_of(fullname, os.path.join(directory, file))
        return None

    def invalidate_caches(self) -> None:
        self._listings.clear()

    def _files_in(self, directory: str) -> dict[str, str]:
        try:
            changed = os.stat(directory).st_mtime_ns
        except OSError:
            return {}  # not there, or a zip archive: those hold no shared objects
        known = self._listings.get(directory)
        if known is not None and known[0] == changed:
            return known[1]
        try:
            entries = os.listdir(directory)
        except OSError:
            return {}
        files = {}
        for suffix in (HYBRID_SUFFIX, SUFFIX):  # the later one wins
            files.update({e[: -len(suffix)]: e for e in entries if e.endswith(suffix)})
        self._listings[directory] = (changed, files)
        return files


def spec_of(
    name: str,
    path: str,
    mode: str | None = None,
    interpreters: str | None = None,
    gil: bool | None = None,
) -> importlib.machinery.ModuleSpec:
    """The spec of a file; its loader knows how to make the module."""
    loader = HPyLoader(name, path, mode, interpreters, gil)
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None  # None is for loaders that were not given
    return spec


def _drop_in_spec() -> importlib.machinery.ModuleSpec | None:
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "universal.py")
    return importlib.util.spec_from_file_location(DROP_IN, file)


class _AliasLoader:
    """Gives a module of ours under a name of HPy's."""

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType:
        module = importlib.import_module(ALIASES[spec.name])
        spec.loader_state = module.__spec__  # the import machinery writes the alias's over it
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def _alias_spec(name: str) -> importlib.machinery.ModuleSpec:
    is_package = name == "hpy.debug"
    return importlib.machinery.ModuleSpec(name, _AliasLoader(), is_package=is_package)


def _parent_spec() -> importlib.machinery.ModuleSpec | None:
    """An empty package `hpy` where none is installed; None leaves it to the other finders."""
    if importlib.machinery.PathFinder.find_spec("hpy") is not None:
        return None
    return importlib.machinery.ModuleSpec("hpy", None, is_package=True)


def _installed() -> HPyFinder | None:
    return next((f for f in sys.meta_path if isinstance(f, HPyFinder)), None)


def install() -> None:
    """Makes this interpreter import `*.hpy0.so`, and puts hpystate in place of hpy.universal.

    Every interpreter has import machinery of its own: call it in each. A second call does nothing.
    A `hpy.universal` that was imported before, by upstream, is replaced; what it loaded stays.
    """
    if _installed() is None:
        sys.meta_path.insert(0, HPyFinder())
    present = sys.modules.get(DROP_IN)
    if present is not None and not hasattr(present, "__hpystate__"):
        del sys.modules[DROP_IN]
        importlib.import_module(DROP_IN)
    for name, ours in ALIASES.items():
        if name in sys.modules and sys.modules[name] is not sys.modules.get(ours):
            del sys.modules[name]


def uninstall() -> None:
    """Takes back install(); modules that were imported stay."""
    finder = _installed()
    if finder is not None:
        sys.meta_path.remove(finder)
    if hasattr(sys.modules.get(DROP_IN), "__hpystate__"):
        del sys.modules[DROP_IN]
    for name, ours in ALIASES.items():
        if name in sys.modules and sys.modules[name] is sys.modules.get(ours):
            del sys.modules[name]


def load(
    name: str,
    path: str | os.PathLike[str],
    *,
    mode: str = "universal",
    interpreters: str | None = None,
    gil: bool | None = None,
) -> ModuleType:
    """Loads the HPy extension in `path` and returns its module; sys.modules is left alone.

    name          dotted name of the module; its last part names the functions in the file
    path          the file, X.hpy0.so; relative to the current directory
    mode          "universal", "debug" (hpystate.debug) or "trace" (hpystate.trace)
    interpreters  where the module may be imported: "own-gil" (everywhere), "shared-gil" or "main";
                  None asks HPYSTATE_INTERPRETERS, then the extension, then assumes "own-gil", or
                  "shared-gil" for a hybrid extension
    gil           False: the module is safe without the GIL; True: it needs the GIL; None asks
                  HPYSTATE_GIL, then the extension, then assumes True. Python builds with the GIL
                  take it and do nothing; the others bring the GIL back for a module that needs it
    raises        LoadError; what the extension's exec slots raise; TypeError and ValueError for bad
                  arguments
    """
    if not isinstance(name, str):
        raise TypeError(f"load: name is {type(name).__name__}, a str was expected")
    if not name:
        raise ValueError("load: name is empty; the module's dotted name was expected")
    _check_word("mode", mode, MODES)
    if interpreters is not None:
        _check_word("interpreters", interpreters, INTERPRETERS)
    if gil is not None and not isinstance(gil, bool):
        raise TypeError(f"load: gil is {type(gil).__name__}, a bool or None was expected")
    file = os.path.abspath(os.fsdecode(path))
    spec = spec_of(name, file, mode, interpreters, gil)
    module = importlib.util.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def _check_word(parameter: str, value: object, words: Sequence[str]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"load: {parameter} is {type(value).__name__}, a str was expected")
    if value not in words:
        expected = ", ".join(repr(word) for word in words)
        raise ValueError(f"load: {parameter} is {value!r}; one of {expected} was expected")


# ---- the environment ---------------------------------------------------------------------------


def mode_from_environment(name: str, environment: Mapping[str, str]) -> str:
    """What HPY says for a module: `MODE`, or `module:MODE,module:MODE`; "universal" without it.

    A module of a package goes by its dotted name or by the last part of it; upstream's stubs know
    the last part only. A ValueError names a mode that HPy does not have.
    """
    said = environment.get("HPY")
    if said is None:
        return "universal"
    mode: str | None = said
    if ":" in said:
        mode = "universal"
        for part in said.split(","):
            module, _, word = part.partition(":")
            if module.strip() in (name, name.rpartition(".")[2]):
                mode = word
                break
    mode = mode.strip().lower()
    if mode not in MODES:
        raise ValueError(f"invalid HPy mode: {said[:50]}")
    return mode


def announce(name: str, mode: str, environment: Mapping[str, str]) -> None:
    """Where HPY_LOG is set: the line that upstream prints for every module that is imported."""
    if "HPY_LOG" in environment:
        suffix = "" if mode == "universal" else f" with a {mode} context"
        sys.stdout.write(f"Loading '{name}' in HPy universal mode{suffix}\n")


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
