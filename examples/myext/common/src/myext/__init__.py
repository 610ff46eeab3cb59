"""myext/__init__.py: remembers one object for each interpreter."""

import hpystate

hpystate.install()  # `import` finds _core.hpy0.so, in this interpreter

from myext._core import recall, remember  # noqa: E402

__all__ = ["recall", "remember"]
