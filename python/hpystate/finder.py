"""finder.py: finds the file X.hpy0.so for a module's name, and loads the module from it.

Long: the finders, the path hook and the hint at a failed import share what they know of a path.

A hybrid extension, which uses CPython's C API too, is in X.hpy0-cp312.so: only the Python that it
was compiled for finds it. If both files are there, the universal one is loaded. An extension of
HPy 0.0.4 is in X.hpy.so, which is found last.

CPython's own finders of folders find the files: they get three more suffixes. So all works as for
CPython's extensions: the first entry of a path that has the name wins, in a folder a package is
found before a file, zip archives, namespace packages and deleted folders work as always, and an
import of something else costs no more than before.

In a folder X.hpy0.so is found first, even before X.py: upstream's build writes such a stub beside
it, which imports `pkg_resources`; interpreters with a GIL of their own refuse that.

The first finder on sys.meta_path serves `hpy.universal` and related names, also where upstream's
`hpy` is installed for its build part. The last one explains why an existing file was not loaded.
"""

from __future__ import annotations

import _imp
import importlib
import os
import sys

# Not importlib.util, which imports `threading` from 3.12.3 on: CPython 3.12 never ends a
# subinterpreter in which a thread that has ended was the first to import `threading`
# (docs/cpython-faults.md). Not importlib.machinery, which imports `warnings` from 3.14 on.
from importlib import _bootstrap
from importlib._bootstrap import ModuleSpec
from importlib._bootstrap_external import (
    EXTENSION_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    PathFinder,
    spec_from_file_location,
)

from hpystate import _native
from hpystate.errors import LoadError
from hpystate.policy import INTERPRETERS, MODES, OTHER_RUNTIMES, create_module

# Every interpreter imports this module, and CPython does not free all memory of what an interpreter
# imported. So no `typing`, no `importlib.abc` (it imports forty modules), no `re` until needed.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import CodeType, FrameType, ModuleType
    from typing import Any

SUFFIX = ".hpy0.so"
HYBRID_SUFFIX = f".hpy0-cp{sys.version_info[0]}{sys.version_info[1]}{sys.abiflags}.so"
OLD_SUFFIX = ".hpy.so"  # of HPy 0.0.4
# The earlier one wins. The first row of offers() is that of SUFFIX.
SUFFIXES = (SUFFIX, HYBRID_SUFFIX, *(row["name_tag"] for row in _native.offers()[1:]))
DROP_IN = "hpy.universal"
#: Names that HPy's users import -> our modules, the same objects.
ALIASES = {
    "hpy.debug": "hpystate.debug",
    "hpy.debug.leakdetector": "hpystate.debug.leakdetector",
    "hpy.debug.pytest": "hpystate.debug.pytest",
    "hpy.trace": "hpystate.trace",
}


class HPyLoader(ExtensionFileLoader):
    """Makes the module of one file; the two halves are those of PEP 489, the rest is CPython's."""

    def __init__(
        self,
        name: str,
        path: str,
        mode: str | None = None,
        interpreters: str | None = None,
        gil: bool | None = None,
        other_runtimes: str | None = None,
    ) -> None:
        super().__init__(name, path)
        self.mode = mode
        self.interpreters = interpreters
        self.gil = gil
        self.other_runtimes = other_runtimes

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        _check_name(spec.name, self.path)
        path, interpreters = self.path, self.interpreters
        if path.endswith(HYBRID_SUFFIX) and _extension_loader is not ExtensionFileLoader:
            image = _extension_loader.image_of_hybrid(spec.name, path)
            if image is not None:  # its own statics of the C API, too
                path, interpreters = image, interpreters or "own-gil"
        return create_module(
            spec.name,
            path,
            spec,
            self.mode,
            interpreters,
            self.gil,
            self.other_runtimes,
        )

    def exec_module(self, module: ModuleType) -> None:
        _native.execute(module)

    def is_package(self, fullname: str) -> bool:
        return os.path.basename(self.path) in ["__init__" + suffix for suffix in SUFFIXES]

    def __repr__(self) -> str:
        return f"HPyLoader({self.name!r}, {self.path!r})"


def _check_name(name: str, path: str) -> None:
    if name.isascii():
        return
    try:
        name.encode()
    except UnicodeEncodeError as error:
        raise LoadError(
            f"{path}: the module name {name!r} has characters that UTF-8 cannot encode. Rename the "
            "file, or the folder of its package.",
            name=name,
            path=path,
            kind="bad-name",
        ) from error


# ---- files in folders --------------------------------------------------------------------------

_OUR_LOADERS = [(suffix, HPyLoader) for suffix in SUFFIXES]
#: What loads a file of CPython's C API: CPython's class, or one of ours that is marked.
_extension_loader: type = ExtensionFileLoader


def path_hook(path: str) -> Any:
    """The first of sys.path_hooks: returns the finder of another hook; one of a folder gets our
    suffixes. So hooks of other libraries go on working, in any order.
    """
    for hook in list(sys.path_hooks):
        if _is_marked(hook):
            continue
        try:
            finder = hook(path)
        except ImportError:
            continue
        _add_suffixes(finder)
        return finder
    raise ImportError("no other hook in sys.path_hooks accepts this path", path=path)


# Marks our hook, also for a second copy of this module, if a program dropped and reimported it.
path_hook.__hpystate__ = True


def _is_marked(thing: object) -> bool:
    return hasattr(thing, "__hpystate__")


def _add_suffixes(finder: object) -> None:
    """Puts our suffixes before those that a finder of a folder knows."""
    if isinstance(finder, FileFinder):
        # A new list: another thread may be walking the old one.
        finder._loaders = _OUR_LOADERS + _others(finder)


def _others(finder: FileFinder) -> list[tuple[str, type]]:
    return [
        (suffix, _extension_loader if _loads_extensions(loader) else loader)
        for suffix, loader in finder._loaders
        if suffix not in SUFFIXES
    ]


def _loads_extensions(loader: type) -> bool:
    return loader is ExtensionFileLoader or _is_marked(loader)


def extension_loader() -> type:
    """The loader that finders of folders have for files of CPython's C API."""
    return _extension_loader


def set_extension_loader(loader: type) -> None:
    """Gives the finders of folders, present and future ones, a marked loader for files of CPython's
    C API. install() comes before; uninstall() takes it back."""
    global _extension_loader
    _extension_loader = loader
    for finder in list(sys.path_importer_cache.values()):
        _add_suffixes(finder)


def _put_hook_first() -> None:
    """Makes our hook the first one, and teaches the finders that were made without it."""
    _imp.acquire_lock()
    try:
        ours = [hook for hook in sys.path_hooks if _is_marked(hook)] or [path_hook]
        # In one step, and nothing moves to the left: a thread that is walking the list skips none.
        sys.path_hooks[:] = ours + [hook for hook in sys.path_hooks if not _is_marked(hook)]
    finally:
        _imp.release_lock()
    for finder in list(sys.path_importer_cache.values()):
        _add_suffixes(finder)


# ---- the two finders on sys.meta_path ----------------------------------------------------------


class HPyFinder:
    """First on sys.meta_path: HPy's own names. It also sees to it that our path hook stays first:
    libraries that put theirs there empty sys.path_importer_cache too."""

    __hpystate__ = True

    def find_spec(
        self,
        fullname: str,
        path: Sequence[str] | None,
        target: ModuleType | None = None,
    ) -> ModuleSpec | None:
        hooks = sys.path_hooks
        if not hooks or hooks[0] is not path_hook:
            _put_hook_first()
        if not fullname.startswith("hpy"):
            return None
        if fullname == DROP_IN:
            return _drop_in_spec()
        if fullname == "hpy":
            return _parent_spec()
        return _alias_spec(fullname) if fullname in ALIASES else None


class HintFinder:
    """Last on sys.meta_path: if an import fails although there is a file of HPy's of that name, the
    ModuleNotFoundError explains why the file was not loaded."""

    __hpystate__ = True

    def __init__(self) -> None:
        # entry of a path -> (what its finder had read when we looked, the files of HPy's in it)
        self._seen: dict[str, tuple[set[str], dict[str, str]]] = {}

    def find_spec(
        self,
        fullname: str,
        path: Iterable[str] | None,
        target: ModuleType | None = None,
    ) -> None:
        """Returns None, or raises where an import would fail for good."""
        tail = fullname.rpartition(".")[2]
        finders, seen = sys.path_importer_cache, self._seen
        for entry in sys.path if path is None else path:
            if not isinstance(entry, str):
                continue
            finder = finders.get(entry or _current_directory())
            # CPython's finder has just read the folder: no system call is needed.
            listing = getattr(finder, "_path_cache", None)
            if listing is None:
                continue
            known = seen.get(entry)
            if known is None or known[0] is not listing:
                known = seen[entry] = (listing, _hpy_files(listing))
            if tail in known[1]:
                self._refuse(os.path.join(finder.path, known[1][tail]), fullname, path, target)
                return

    def invalidate_caches(self) -> None:
        self._seen.clear()

    def _refuse(self, file: str, *question: Any) -> None:
        # importlib.util.find_spec() only asks whether there is a module; None is the answer.
        if not _is_import(sys._getframe(2)) or self._found_later(*question):
            return
        from hpystate.hints import why_not

        raise ModuleNotFoundError(why_not(question[0], file), name=question[0])

    def _found_later(self, *question: Any) -> bool:
        """Whether a finder that was appended after this one finds the module."""
        finders = list(sys.meta_path)
        behind = finders[finders.index(self) + 1 :] if self in finders else []
        return any(finder.find_spec(*question) is not None for finder in behind)


def _hpy_files(listing: Iterable[str]) -> dict[str, str]:
    """Module -> file, for all the files of HPy's in a folder, whatever they need."""
    files = sorted(name for name in listing if ".hpy" in name and name.endswith(".so"))
    return {file.partition(".hpy")[0]: file for file in files}


def _is_import(caller: FrameType | None) -> bool:
    """Whether an import is calling the finders; it raises if none of them finds the module."""
    importing = caller.f_back if caller is not None else None
    return importing is not None and importing.f_code is _bootstrap._find_and_load_unlocked.__code__


def _current_directory() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""  # it was deleted; no finder has this name


def spec_of(
    name: str,
    path: str,
    mode: str | None = None,
    interpreters: str | None = None,
    gil: bool | None = None,
    other_runtimes: str | None = None,
) -> ModuleSpec:
    """The spec of a file; its loader knows how to make the module."""
    loader = HPyLoader(name, path, mode, interpreters, gil, other_runtimes)
    spec = spec_from_file_location(name, path, loader=loader)
    assert spec is not None  # None is for loaders that were not given
    return spec


def _drop_in_spec() -> ModuleSpec:
    file = os.path.join(os.path.dirname(os.path.abspath(__file__)), "universal.py")
    spec = spec_from_file_location(DROP_IN, file)
    assert spec is not None  # there is a loader for .py
    return spec


class _AliasLoader:
    """Loads one of our modules under a name of HPy's."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = importlib.import_module(ALIASES[spec.name])
        spec.loader_state = module.__spec__  # the import machinery writes the alias's over it
        return module

    def exec_module(self, module: ModuleType) -> None:
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state

    def get_code(self, fullname: str) -> CodeType | None:
        """For `python -m hpy.trace`."""
        ours = importlib.import_module(ALIASES[fullname])
        assert ours.__spec__ is not None
        return ours.__spec__.loader.get_code(ours.__name__)


def _alias_spec(name: str) -> ModuleSpec:
    return ModuleSpec(name, _AliasLoader(), is_package=name == "hpy.debug")


def _parent_spec() -> ModuleSpec | None:
    """An empty package `hpy` where none is installed; None leaves it to the other finders."""
    if PathFinder.find_spec("hpy") is not None:
        return None
    return ModuleSpec("hpy", None, is_package=True)


# ---- installing --------------------------------------------------------------------------------


def install() -> None:
    """Makes this interpreter import `*.hpy0.so`, and puts hpystate in place of hpy.universal.

    Every interpreter has import machinery of its own: call it in each. A second call does nothing.
    A `hpy.universal` that was imported before, by upstream, is replaced; what it loaded stays. One
    that another thread is importing is waited for; one that is being imported by the caller, or by
    a thread that waits for the caller, is replaced too: its import returns ours.

    In a subinterpreter, where the variable HPYSTATE_ISOLATE is set: isolate() is called with what
    it names, and raises what that raises.
    """
    _put_hook_first()
    _imp.acquire_lock()  # of the import machinery: two threads put no finder in place twice
    try:
        if not is_installed():
            sys.meta_path.insert(0, HPyFinder())
            sys.meta_path.append(HintFinder())
            # `pkgutil` and `inspect` know by this list which files are modules
            EXTENSION_SUFFIXES.extend(SUFFIXES)
    finally:
        _imp.release_lock()
    for name in (DROP_IN, *ALIASES):
        _take_over(name)
    if os.environ.get("HPYSTATE_ISOLATE") and _native.state()["interpreter"] != 0:
        from hpystate.images import isolate_by_environment

        isolate_by_environment()


def is_installed() -> bool:
    return any(_is_marked(finder) for finder in sys.meta_path)


def uninstall() -> None:
    """Takes back install() and isolate(); modules that were imported stay."""
    global _extension_loader
    _extension_loader = ExtensionFileLoader
    _imp.acquire_lock()
    try:
        # New lists: a thread that is walking the old ones skips nothing.
        sys.meta_path = [finder for finder in sys.meta_path if not _is_marked(finder)]
        sys.path_hooks = [hook for hook in sys.path_hooks if not _is_marked(hook)]
        EXTENSION_SUFFIXES[:] = [s for s in EXTENSION_SUFFIXES if s not in SUFFIXES]
    finally:
        _imp.release_lock()
    for finder in list(sys.path_importer_cache.values()):
        if isinstance(finder, FileFinder):
            finder._loaders = _others(finder)
    for name in (DROP_IN, *ALIASES):
        _bootstrap._lock_unlock_module(name)
        if _is_ours(name):
            sys.modules.pop(name, None)


def _is_ours(name: str) -> bool:
    module = sys.modules.get(name)
    if name == DROP_IN:
        return _is_marked(module)
    return module is not None and module is sys.modules.get(ALIASES[name])


def _take_over(name: str) -> None:
    """Puts ours in the place of upstream's module, where that was imported.

    An import that is going on returns what sys.modules has under the name at its end: so the module
    is replaced, and never missing.
    """
    # Waits for an import of the name in another thread; at once where that thread waits for us.
    _bootstrap._lock_unlock_module(name)
    if sys.modules.get(name) is None or _is_ours(name):
        return
    if name == DROP_IN:
        spec = _drop_in_spec()
        module = _bootstrap.module_from_spec(spec)
        spec.loader.exec_module(module)
    else:
        module = importlib.import_module(ALIASES[name])
    sys.modules[name] = module
    parent, _, tail = name.rpartition(".")
    if parent in sys.modules:
        setattr(sys.modules[parent], tail, module)


def load(
    name: str,
    path: str | os.PathLike[str],
    *,
    mode: str = "universal",
    interpreters: str | None = None,
    gil: bool | None = None,
    other_runtimes: str | None = None,
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
                  ignore it; the others bring the GIL back for a module that needs it
    other_runtimes
                  if another HPy runtime of this process, as PyPy's, has loaded the file too:
                  "share" it, "refuse" it, or, without looking, load a private "copy" of the
                  file. None asks HPYSTATE_OTHER_RUNTIMES, then the extension, then refuses
                  the file if that runtime is hpy.universal, which would crash, and shares it
                  otherwise
    raises        LoadError; what the extension's exec slots raise; TypeError and ValueError for bad
                  arguments
    """
    if not isinstance(name, str):
        raise TypeError(f"load: name is {type(name).__name__}, a str was expected")
    if not name or "\0" in name:
        found = repr(name) if name else "empty"
        raise ValueError(f"load: name is {found}; the module's dotted name was expected")
    _check_word("mode", mode, MODES)
    if interpreters is not None:
        _check_word("interpreters", interpreters, INTERPRETERS)
    if gil is not None and not isinstance(gil, bool):
        raise TypeError(f"load: gil is {type(gil).__name__}, a bool or None was expected")
    if other_runtimes is not None:
        _check_word("other_runtimes", other_runtimes, OTHER_RUNTIMES)
    file = _whole_path(name, path)
    spec = spec_of(name, file, mode, interpreters, gil, other_runtimes)
    module = _bootstrap.module_from_spec(spec)
    assert spec.loader is not None
    spec.loader.exec_module(module)
    return module


def _whole_path(name: str, path: str | os.PathLike[str]) -> str:
    if not isinstance(path, str | bytes | os.PathLike):
        raise TypeError(f"load: path is {type(path).__name__}, a str or os.PathLike was expected")
    file = os.fsdecode(path)
    if not file or "\0" in file:
        raise ValueError(f"load: path is {file!r}; the path of a file X{SUFFIX} was expected")
    try:
        return os.path.abspath(file)
    except FileNotFoundError as error:
        raise LoadError(
            f"{file}: cannot be loaded: the path is relative, and the current directory was "
            "deleted. Give the whole path.",
            name=name,
            path=file,
            kind="open-failed",
        ) from error


def _check_word(parameter: str, value: object, words: Sequence[str]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"load: {parameter} is {type(value).__name__}, a str was expected")
    if value not in words:
        expected = ", ".join(repr(word) for word in words)
        raise ValueError(f"load: {parameter} is {value!r}; one of {expected} was expected")
