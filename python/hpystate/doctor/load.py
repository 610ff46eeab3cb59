"""load.py: imports a module by its name, or from its file where the name leads elsewhere.

child.py executes this text in a second interpreter too: it imports nothing of ours.
"""

from __future__ import annotations

import os
import sys
from importlib import _bootstrap, import_module
from importlib._bootstrap_external import ExtensionFileLoader, spec_from_file_location

_TEXT = 300  # characters of an exception that are worth a report
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def load(name: str, path: str) -> ModuleType:
    """The module `name`, whose file is `path`, a real path. Raises what its import raises."""
    try:
        module = import_module(name)
        if os.path.realpath(getattr(module, "__file__", None) or "") == path:
            return module
    except ModuleNotFoundError as error:
        # A module that this one needs is missing, not this one or its package.
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise
    spec = spec_from_file_location(name, path, loader=ExtensionFileLoader(name, path))
    module = _bootstrap.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def load_second(name: str, path: str) -> tuple[str, str] | None:
    """Loads it; what that raised, in one line, with the file of the extension whose own code raised
    first ("" if it was none): a module may need another that refuses. None: nothing was raised.

    CPython's loader is wrapped for that, so this is for an interpreter that does nothing else.
    """
    failed: list[str] = []

    def watched(step: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def run(self: Any, argument: Any) -> Any:
            try:
                return step(self, argument)
            except BaseException:
                failed.append(os.path.realpath(self.path))
                raise

        return run

    for step in ("create_module", "exec_module"):
        setattr(ExtensionFileLoader, step, watched(getattr(ExtensionFileLoader, step)))
    try:
        load(name, path)
    except BaseException as error:
        return told(error), failed[0] if failed else ""
    return None


def told(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    name = type(error).__name__
    return f"{name}: {text[:_TEXT]}" if text else name
