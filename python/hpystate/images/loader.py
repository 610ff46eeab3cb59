"""loader.py: the loader of extension files in an interpreter that isolates some of them."""

from __future__ import annotations

import _imp
import _thread
import os
import sys
import time
from importlib._bootstrap import BuiltinImporter
from importlib._bootstrap_external import ExtensionFileLoader

from hpystate import _images, _native
from hpystate.errors import LoadError
from hpystate.images import choice, packages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any

    from hpystate.images.packages import Entry


def why_not_here() -> str | None:
    """Why this Python makes no images; None: it does."""
    return _images.available()


class ImageLoader(ExtensionFileLoader):
    """Makes a private image of a file where isolate() named the module, and is CPython's loader
    for all others. Finders of folders have it in place of that one."""

    __hpystate__ = True  # finder.py takes it back

    def __init__(self, name: str, path: str) -> None:
        super().__init__(name, path)
        self.is_image = False

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        chosen = choice.current
        self.is_image = chosen.covers(spec.name)
        begin = time.perf_counter()
        if not self.is_image:
            with _check.for_plain_files():
                module = _plainly(super().create_module, spec)
            if chosen.log:
                _log(spec.name, f"{self.path} is left to CPython, not isolated", begin)
            return module
        image, module = self._create_image(chosen, spec)
        if chosen.log:
            _log(spec.name, _described(image, chosen.entry(spec.name)), begin)
        return module

    def exec_module(self, module: ModuleType) -> None:
        # Not what create_module() has found: a reload calls this one alone, of a new loader.
        self.is_image = choice.current.covers(self.name)
        if self.is_image:
            with _check.for_images():
                _images.execute(module)
        else:
            with _check.for_plain_files():
                super().exec_module(module)

    def _create_image(self, chosen: choice.Choice, spec: ModuleSpec) -> tuple[Any, ModuleType]:
        image = _open(chosen, spec.name, self.path, chosen.mode)
        with _check.for_images():
            return image, _images.create(image, spec, init_function(spec.name))

    @staticmethod
    def image_of_hybrid(name: str, path: str) -> str | None:
        """The path of a private image of a hybrid HPy extension, which HPyLoader opens in place of
        the file; None: the module is not isolated here. So it is a file of a folder always."""
        chosen = choice.current
        if not chosen.covers(name):
            return None
        begin = time.perf_counter()
        image = _open(chosen, name, path, "files")
        if chosen.log:
            _log(name, _described(image, chosen.entry(name)), begin)
        file: str = image.name
        return file


def _open(chosen: choice.Choice, name: str, path: str, mode: str) -> Any:
    entry = chosen.entry(name)
    reason = packages.why_refused(entry)
    if reason is not None:
        raise LoadError(
            f"{name}: hpystate makes no private image of {path} on CPython "
            f"{sys.version_info[0]}.{sys.version_info[1]}: {reason}. Import it in the main "
            'interpreter, or override the table with "refuse": {} in a file that '
            "HPYSTATE_PACKAGES names (docs/isolate.md).",
            name=name,
            path=path,
            kind="refused",
            details={"reason": reason},
        )
    if chosen.set_environment:
        for variable, value in entry.get("environment", {}).items():
            os.environ.setdefault(variable, value)
    try:
        return _images.open(path, tuple(entry.get("copy", ())), mode)
    except LoadError as error:
        error.name = name  # the file alone does not tell it
        raise


#: Modules of the executable that CPython refuses in an interpreter with a GIL of its own, that
#: packages import, and whose import alone touches nothing that interpreters share. What they do is
#: done for the process, as without us.
BUILT_IN = ("faulthandler",)


class BuiltInFinder:
    """Finds the modules of BUILT_IN where CPython would refuse them. They have no file, so there is
    nothing to make an image of."""

    __hpystate__ = True  # finder.py takes it back

    @staticmethod
    def find_spec(fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        if fullname not in BUILT_IN or not choice.current.covers_built_in(fullname):
            return None
        spec: ModuleSpec | None = BuiltinImporter.find_spec(fullname)
        if spec is not None:
            spec.loader = BuiltInLoader()
        return spec


def find_built_in() -> None:
    """Puts the finder in place, once; hpystate.uninstall() removes it."""
    _imp.acquire_lock()
    try:
        if BuiltInFinder not in sys.meta_path:
            sys.meta_path.insert(0, BuiltInFinder)
    finally:
        _imp.release_lock()


class BuiltInLoader(BuiltinImporter):
    """CPython's loader of modules in the executable, without its check."""

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        with _check.for_images():
            module: ModuleType = BuiltinImporter.create_module(spec)
            return module

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        with _check.for_images():
            BuiltinImporter.exec_module(module)


def init_function(name: str) -> str:
    """What a file exports for a module's name, as CPython has it."""
    last = name.rpartition(".")[2]
    if last.isascii():
        return "PyInit_" + last.replace("-", "_")
    return "PyInitU_" + last.encode("punycode").decode("ascii").replace("-", "_")


def _plainly(create: Any, spec: ModuleSpec) -> ModuleType:
    try:
        module: ModuleType = create(spec)
    except ImportError as error:
        if "does not support loading in subinterpreters" in str(error):
            top = spec.name.partition(".")[0]
            error.add_note(
                f"{spec.name} is not isolated in this interpreter. To load it as a private image, "
                f"type hpystate.isolate({top!r}) before its first import (docs/isolate.md)."
            )
        raise
    return module


# ---- CPython's check ---------------------------------------------------------------------------


class _Check:
    """CPython's check whether a module supports a GIL of its own, which is a word of the
    interpreter: off while an image is made or executed, and for the plain files that its code
    imports meanwhile as it was before.

    Threads of the interpreter do so at once: what the word should be is computed from how many are
    at it, not put back to what one of them has found. `_lock` guards the fields and the word; no
    code of others runs under it.
    """

    OFF = -1

    def __init__(self) -> None:
        self._lock = _thread.allocate_lock()
        self._images = 0  # that are made or executed now
        self._before = 0  # the word before the first of them

    def for_images(self) -> _Images:
        return _Images(self)

    def for_plain_files(self) -> _PlainFiles:
        return _PlainFiles(self)

    def begin_image(self) -> None:
        with self._lock:
            found = _override(self.OFF)
            if self._images == 0:
                self._before = found
            self._images += 1

    def end_image(self) -> None:
        with self._lock:
            self._images -= 1
            _override(self.OFF if self._images else self._before)

    def begin_plain(self) -> None:
        with self._lock:
            if self._images:
                _override(self._before)

    def end_plain(self) -> None:
        with self._lock:
            if self._images:
                _override(self.OFF)


class _Images:
    def __init__(self, check: _Check) -> None:
        self._check = check

    def __enter__(self) -> None:
        self._check.begin_image()

    def __exit__(self, *_: object) -> None:
        self._check.end_image()


class _PlainFiles:
    def __init__(self, check: _Check) -> None:
        self._check = check

    def __enter__(self) -> None:
        self._check.begin_plain()

    def __exit__(self, *_: object) -> None:
        self._check.end_plain()


def _override(word: int) -> int:
    before: int = _imp._override_multi_interp_extensions_check(word)  # type: ignore[attr-defined]
    return before


_check = _Check()


# ---- HPYSTATE_IMAGES=log -----------------------------------------------------------------------


def _described(image: Any, entry: Entry) -> str:
    libraries = [f"{os.path.basename(path)} {how}" for path, how in image.libraries]
    text = (
        f"image of {image.file}: {_kib(image.shared)} shared with the file, "
        f"{_kib(image.private)} private; libraries: {', '.join(libraries) or 'none'}"
    )
    for variable, value in entry.get("environment", {}).items():
        if variable not in os.environ:
            text += f"; advice: {variable} is not set, {value} is recommended"
    return text


def _kib(size: int) -> str:
    return f"{(size + 1023) // 1024} KiB"


def _log(name: str, text: str, begin: float) -> None:
    """A line on stderr. Without a sys.stderr there is none, as with print(). One that cannot be
    written is a warning: no import fails because of it."""
    stderr = getattr(sys, "stderr", None)
    if stderr is None:
        return
    here = _native.state()["interpreter"]
    milliseconds = (time.perf_counter() - begin) * 1e3
    line = f"hpystate.images: interpreter {here}: {name}: {text}; {milliseconds:.1f} ms"
    try:
        stderr.write(line + "\n")
    except (OSError, ValueError) as error:
        import warnings

        told = f"HPYSTATE_IMAGES: the line {line!a} could not be written to sys.stderr: {error}"
        warnings.warn(told, RuntimeWarning, stacklevel=2)
