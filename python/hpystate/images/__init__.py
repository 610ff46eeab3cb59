"""images/__init__.py: hpystate.isolate(): extensions of CPython's C API as private images.

    import hpystate
    hpystate.isolate("numpy", "lxml")  # in a subinterpreter; in the main one it does nothing
    import numpy                       # its files are mapped for this interpreter alone

A private image is a shared object that the dynamic linker has mapped again for one interpreter, so
each C static of it exists once per interpreter. The finders of folders get another loader for the
suffixes of CPython's extensions (loader.py); what it does for a package is data (packages.json,
read by packages.py). Nothing here is imported before isolate() is used.
"""

from __future__ import annotations

import os
import sys
from importlib._bootstrap_external import ExtensionFileLoader

from hpystate import _native, finder
from hpystate.images import choice, packages

TYPE_CHECKING = False  # typing is not imported into every interpreter
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

__all__ = ["isolate"]

VARIABLE = "HPYSTATE_ISOLATE"
MODULE = type(sys)


def isolate(
    *names: str,
    except_: Iterable[str] = (),
    packages: str | os.PathLike[str] | None = None,
    set_environment: bool = False,
) -> None:
    """From now on extension files of these packages are private images in this interpreter.

    In the main interpreter it only checks its arguments. A second call adds to the first one. It
    is experimental: docs/isolate.md has the limits.

    names        import names of packages or modules ("numpy", "lxml.etree") or patterns ("*",
                 "num*"). A pattern leaves the standard library to CPython; a module of that is
                 isolated where it is named. Packages of the table bring those that they need
    except_      names or patterns that are left to CPython all the same
    packages     a JSON file of yours, merged over the table of this package (packages.json); also
                 HPYSTATE_PACKAGES
    set_environment
                 sets the variables that the table names for a package, where they are not set, when
                 its first file is loaded. The environment is one per process
    raises       TypeError and ValueError for bad arguments; RuntimeError if such a package was
                 imported in this interpreter before; LoadError where no images can be made
    """
    wanted = choice.checked_names("isolate", names)
    left_out = choice.checked_exceptions("isolate", except_)
    if not isinstance(set_environment, bool):
        raise TypeError(
            f"isolate: set_environment is {type(set_environment).__name__}, a bool was expected"
        )
    table = {} if packages is None else _table_of("isolate: packages", packages)
    if not in_main_interpreter():
        _begin(wanted, left_out, table, set_environment)


def isolate_by_words(words: Iterable[str], source: str) -> None:
    """The same for names in which "-torch" is an exception: of a pool and of the variable."""
    wanted, left_out = choice.split(words, source)
    if not in_main_interpreter():
        _begin(wanted, left_out, {}, False)


def isolate_by_environment() -> None:
    """What hpystate.install() calls in a subinterpreter where HPYSTATE_ISOLATE is set. The same
    value is applied once."""
    value = os.environ.get(VARIABLE, "")
    if not value.strip() or (_is_at_work() and choice.current.by_environment == value):
        return
    isolate_by_words(value.split(","), VARIABLE)
    choice.current = choice.current.with_environment(value)


def in_main_interpreter() -> bool:
    return _native.state()["interpreter"] == 0


def _is_at_work() -> bool:
    """False before the first isolate(), and after hpystate.uninstall()."""
    from hpystate.images.loader import ImageLoader

    return finder.extension_loader() is ImageLoader


def _table_of(source: str, path: str | os.PathLike[str]) -> packages.Table:
    if not isinstance(path, str | os.PathLike):
        raise TypeError(
            f"{source} is {type(path).__name__}, the path of a JSON file was expected, as a str or "
            "os.PathLike"
        )
    return packages.read(os.fsdecode(path), source)


def _begin(
    wanted: tuple[str, ...], left_out: tuple[str, ...], table: packages.Table, set_environment: bool
) -> None:
    """In a subinterpreter. What raises changes nothing but that the finders are installed."""
    from hpystate.errors import LoadError
    from hpystate.images import loader

    reason = loader.why_not_here()
    if reason is not None:
        raise LoadError(
            f"isolate: this Python cannot make private images: {reason} docs/isolate.md has what "
            "is needed.",
            kind="no-images",
        )
    options = choice.options_from_environment(os.environ)
    if not finder.is_installed():
        finder.install()  # which may isolate what the environment names
    before = choice.current if _is_at_work() else choice.Choice(table=_shipped())
    now = before.added(wanted, left_out, table, set_environment, options)
    _refuse_what_was_imported(now)
    choice.current = now
    finder.set_extension_loader(loader.ImageLoader)
    loader.find_built_in()


def _shipped() -> packages.Table:
    """The table of the package, with that of HPYSTATE_PACKAGES merged over it."""
    table = packages.shipped()
    theirs = os.environ.get("HPYSTATE_PACKAGES", "")
    return packages.merged(table, packages.read(theirs, "HPYSTATE_PACKAGES")) if theirs else table


def _refuse_what_was_imported(now: choice.Choice) -> None:
    """RuntimeError: a module of `now` is there without an image. Its objects would meet those of
    the images."""
    for name, module in list(sys.modules.items()):
        if isinstance(module, MODULE) and now.covers(name) and _is_plain(module):
            raise RuntimeError(
                f"isolate: {name} was imported in this interpreter before, without a private "
                f"image, from {_file_of(module)}. Call hpystate.isolate() before the first import "
                f"of {name.partition('.')[0]}."
            )


def _is_plain(module: Any) -> bool:
    """Whether CPython loaded it from a file of its C API. vars(): a module's own __getattr__ may
    run any code."""
    loader = getattr(vars(module).get("__spec__"), "loader", None)
    return (
        isinstance(loader, ExtensionFileLoader)
        and not isinstance(loader, finder.HPyLoader)
        and not getattr(loader, "is_image", False)
    )


def _file_of(module: Any) -> str:
    return str(vars(module).get("__file__", "its file"))
