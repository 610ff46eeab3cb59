"""__init__.py: HPy extensions in many interpreters at once.

    import hpystate
    hpystate.install()          # from now on `import x` finds x.hpy0.so
    module = hpystate.load("x", "/path/to/x.hpy0.so")

Importing the package costs an interpreter its region and little else. What needs more is in modules
of its own: hpystate.build, hpystate.testing, hpystate.demo.
"""

from __future__ import annotations

import os

from hpystate import _native
from hpystate.errors import LoadError
from hpystate.finder import install, load, uninstall

TYPE_CHECKING = False  # typing is not imported into every interpreter
if TYPE_CHECKING:
    from hpystate.images import isolate
    from hpystate.look import inspect, snapshot
    from hpystate.pool import InterpreterPool

__all__ = [
    "LoadError",
    "__version__",
    "include_dir",
    "install",
    "load",
    "uninstall",
    "InterpreterPool",
    "inspect",
    "isolate",
    "snapshot",
]

__version__: str = _native.version


def include_dir() -> str:
    """The folder of the public headers: hpy/ and hpystate/."""
    here = os.path.dirname(os.path.abspath(__file__))
    installed = os.path.join(here, "include")
    if os.path.isdir(installed):
        return installed
    raise FileNotFoundError(
        f"{installed}: the headers are not beside the package. Install hpystate, or point your "
        "compiler at include/ of the source tree."
    )


def __getattr__(name: str) -> object:
    """Imported at their first use: most interpreters have no pool and isolate nothing, and nobody
    looks inside."""
    if name == "InterpreterPool":
        from hpystate.pool import InterpreterPool

        return InterpreterPool
    if name == "isolate":
        from hpystate.images import isolate

        return isolate
    if name in ("inspect", "snapshot"):
        from hpystate import look

        return getattr(look, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
