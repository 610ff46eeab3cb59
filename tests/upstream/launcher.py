"""launcher.py: `python -c CODE` in a subinterpreter: what sys.executable is to the suite's tests.

    launcher.py KIND -c CODE       KIND: legacy, own-gil

Some tests load their extension in a child process, because it is to die. Started as they are,
these children would show the main interpreter only. as-python.sh starts this instead. The exit
status, the output and the death of the process are those that `python -c` would have.
"""

from __future__ import annotations

import ctypes
import datetime  # noqa: F401: see child.py
import os
import sys

from guest import run_in

RUN = """
import os, sys
sys.path[:] = {path!r}
from guest import kind_here
if kind_here() != {kind!r}:
    raise RuntimeError(f"launcher: asked for {kind}, this is {{kind_here()}}")
try:
    exec(compile({code!r}, "<string>", "exec"), globals())
except BaseException:
    sys.excepthook(*sys.exc_info())
    os.write({pipe}, b"raised")
else:
    os.write({pipe}, b"returned")
sys.stdout.flush()
sys.stderr.flush()
"""


def main(arguments: list[str]) -> int:
    kind, option, code = arguments
    if option != "-c":
        raise ValueError(f"launcher: {option!r}; -c was expected, nothing else is understood")
    read_end, write_end = os.pipe()
    here = os.path.dirname(os.path.abspath(__file__))
    path = ["", *(entry for entry in sys.path if entry != here), here]
    run_in(kind, RUN.format(path=path, kind=kind, code=code, pipe=write_end))
    return 0 if os.read(read_end, 20) == b"returned" else 1


if __name__ == "__main__":
    status = main(sys.argv[1:])
    ctypes.CDLL(None).fflush(None)  # what extensions printed; os._exit would lose it
    os._exit(status)
