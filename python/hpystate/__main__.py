"""__main__.py: `python -m hpystate`, the command line. The script `hpystate` is the same."""

from __future__ import annotations

import sys

from hpystate.cli import main, script

__all__ = ["main", "script"]

if __name__ == "__main__":
    sys.exit(script())
