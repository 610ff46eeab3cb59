"""stub.py: what the Python file beside an HPy extension calls, where setup.py has built both."""

from __future__ import annotations

from importlib import _bootstrap

from hpystate.finder import spec_of

TYPE_CHECKING = False  # see finder.py
if TYPE_CHECKING:
    from types import ModuleType


def load(name: str, file: str) -> ModuleType:
    """The module in `file`, which takes the place of the Python file's in sys.modules. It is the
    module that hpystate.install() makes of the file: by the variables HPY, HPYSTATE_INTERPRETERS
    and the others."""
    # Not importlib.util, as in finder.py. This puts the module into sys.modules while it is made.
    return _bootstrap._load(spec_of(name, file))
