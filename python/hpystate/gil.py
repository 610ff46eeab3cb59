"""gil.py: brings the GIL back for a module that is not known to be safe without it.

Used only by builds without the GIL (policy.py). CPython switches the GIL on when it loads an
extension that does not declare Py_MOD_GIL_NOT_USED, and has no function for that. So
hpystate._native contains a second module without the declaration; when CPython loads it, the GIL is
back in this interpreter (and in those that share it) for good. PYTHON_GIL=0 and -X gil=0 keep it
off, as for every extension.

CPython also has the GIL on for a moment whenever an extension is imported, in every interpreter
that shares it, and nothing tells that from "for good". A module that needs the GIL and is loaded at
such a moment brings it back without the warning.
"""

from __future__ import annotations

import os
import sys
import warnings
from importlib._bootstrap import module_from_spec  # not importlib.util: see finder.py
from importlib._bootstrap_external import spec_from_file_location
from importlib.machinery import ExtensionFileLoader

from hpystate import _native

_NEEDS_GIL = "hpystate._needs_gil"
_back = False


_UNKNOWN = (
    "has not declared that it can run safely without the GIL. If you know that it can, keep the "
    "GIL off with hpystate.load(..., gil=False) or HPYSTATE_GIL='pattern=off'. "
)
_LAYERED = (
    "is loaded in a mode (debug, trace) that needs it. To keep the GIL off, load it without the "
    "mode. "
)


def bring_back(name: str, layered: bool) -> None:
    """Switches the GIL on for the module `name`, with a RuntimeWarning if it was off."""
    global _back
    if _back:
        return
    was_off = not sys._is_gil_enabled()
    # CPython's own warning would name the second module. The filter matches that name only, so it
    # may stay; to remove it could remove filters that other threads add meanwhile.
    warnings.filterwarnings("ignore", f".*'{_NEEDS_GIL}'", RuntimeWarning)
    loader = ExtensionFileLoader(_NEEDS_GIL, _native.__file__)
    spec = spec_from_file_location(_NEEDS_GIL, _native.__file__, loader=loader)
    assert spec is not None  # a loader was given
    module_from_spec(spec)
    _back = True
    if was_off and sys._is_gil_enabled():
        warnings.warn(
            f"The global interpreter lock (GIL) has been enabled to load module '{name}', which "
            f"{_LAYERED if layered else _UNKNOWN}PYTHON_GIL=0 and -X gil=0 keep it off for every "
            "module.",
            RuntimeWarning,
            stacklevel=2,
            skip_file_prefixes=(os.path.dirname(os.path.abspath(__file__)),),
        )
