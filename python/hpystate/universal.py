"""universal.py: the drop-in for `hpy.universal`: its functions, its constants, its messages.

Loaded as `hpy.universal` by the finder after `hpystate.install()`. The texts in here are fixed:
programs and HPy's own tests compare them. hpystate.load() has longer messages.
"""

from __future__ import annotations

import os
from importlib._bootstrap import ModuleSpec

import hpystate
from hpystate import _native
from hpystate.errors import LoadError
from hpystate.policy import announce, create_module, mode_from_environment

TYPE_CHECKING = False  # see finder.py
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import ModuleType
    from typing import Any

__hpystate__ = True  # install() recognises the module by this

MODE_UNIVERSAL = 0
MODE_DEBUG = 1
MODE_TRACE = 2

_debug = _native._debug
_trace = _native._trace

_MODE_NAMES = {MODE_UNIVERSAL: "universal", MODE_DEBUG: "debug", MODE_TRACE: "trace"}
_HPY_VERSION = "0.9.0"  # the release whose ABI and behaviour this is
_CURRENT_ABI = "0.0"

_TEXTS = {
    "unsupported-version": (
        "HPy extension module '{name}' requires unsupported version of the HPy runtime. "
        "Requested version: {major}.{minor}. Current HPy version: {current}."
    ),
    "tag-mismatch": (
        "HPy extension module '{name}' at path '{path}': mismatch between the HPy ABI tag encoded "
        "in the filename and the major version requested by the HPy extension itself. Major "
        "version tag parsed from filename: {tag}. Requested version: {major}.{minor}."
    ),
    "no-tag": (
        "HPy extension module '{name}' at path '{path}': could not find HPy ABI tag encoded in the "
        "filename. The extension claims to be compiled with HPy ABI version: {major}.{minor}."
    ),
}


def load(
    name: str,
    path: str,
    spec: Any = None,
    debug: bool = False,
    mode: int = -1,
) -> ModuleType:
    """Loads an HPy extension as `hpy.universal.load` does; `mode` overrides `debug`.

    HPy 0.0.4 has no `spec`; without one, the module has a spec with its name alone.
    """
    chosen = mode if mode > 0 else (MODE_DEBUG if debug else MODE_UNIVERSAL)
    if chosen not in _MODE_NAMES:
        raise ValueError(
            f"load: mode is {mode}; MODE_UNIVERSAL, MODE_DEBUG or MODE_TRACE was expected"
        )
    if chosen == MODE_DEBUG:
        _debug.set_explain_crashes(False)  # upstream prints nothing then, and its tests compare
    return _load(name, path, spec or ModuleSpec(name, None), _MODE_NAMES[chosen])


def _load_bootstrap(
    module_name: str,
    name: str,
    package: str,
    file: str,
    loader: Any,
    spec: Any,
    env: Mapping[str, str],
) -> ModuleType:
    """What a stub written by upstream's build calls: load, by the mode that HPY names."""
    mode = mode_from_environment(module_name, env)
    announce(module_name, mode, env)
    module = _load(module_name, file, spec, mode)
    module.__file__ = file
    module.__loader__ = loader
    module.__name__ = name
    module.__package__ = package
    spec.origin = file
    module.__spec__ = spec
    return module


def get_version() -> tuple[str, str]:
    """The HPy release that this runtime is a match for, and which runtime it is."""
    return _HPY_VERSION, f"hpystate {hpystate.__version__}"


def _load(name: str, path: str, spec: Any, mode: str) -> ModuleType:
    try:
        module = create_module(name, os.fsdecode(path), spec, mode)
    except LoadError as error:
        raise _as_upstream(error) from None
    _native.execute(module)
    return module


def _as_upstream(error: LoadError) -> Exception:
    """The same failure with the text and type that programs written for upstream expect."""
    if error.kind == "module-size":
        if error.details["size"].startswith("-"):
            return SystemError("HPy does not permit HPyModuleDef.size < 0")
        return SystemError(str(error))
    text = _TEXTS.get(error.kind)
    if text is None:
        return error  # it is a RuntimeError too, and no test compares its text
    message = text.format(path=error.path, current=_CURRENT_ABI, **error.details)
    return LoadError(
        message, name=error.name, path=error.path, kind=error.kind, details=error.details
    )
