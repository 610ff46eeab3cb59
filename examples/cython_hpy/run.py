"""run.py: builds rates.c and shop.pyx, and uses them in eight own-GIL interpreters at once.

    python run.py [--folder FOLDER] [--interpreters 8]

What is built goes into FOLDER, a temporary one unless it is given. Cython 3.1 or later and a C
compiler are needed. Exit status 0: every interpreter found its own values; 1: one did not.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat
from pathlib import Path

from hpystate.build import compile_extension
from hpystate.build_cython import compile_cython
from hpystate.testing import Interpreter

HERE = Path(__file__).resolve().parent

#: Runs in each interpreter: Cython sets a rate, HPy reads it; Cython calls HPy; a rate is missing.
USE = """
import sys
sys.path.insert(0, {folder!r})
import shop, rates

shop.set_rate("EUR", {rate})
for _ in range({times}):
    total = shop.total("EUR", [1, 2.5])
try:
    shop.total("USD", [1])
except KeyError as error:
    missing = error.args[0]
answer = total, rates.convert("EUR", 2.0), missing
"""


def use(interpreter: Interpreter, folder: Path, number: int, times: int = 10_000) -> bool:
    """Uses both in an interpreter; returns whether all values were that interpreter's."""
    rate = number + 1
    found = interpreter.run(USE.format(folder=str(folder), rate=rate, times=times))
    print(f"interpreter {number}: {found}\n", end="")  # one write: other threads print too
    return bool(found == (3.5 * rate, 2.0 * rate, "USD"))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="what is built goes there")
    parser.add_argument("--interpreters", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        compile_extension("rates", [HERE / "rates.c"], folder)
        compile_cython(HERE / "shop.pyx", folder)
        # One at a time: on 3.12 and 3.13 CPython cannot make and end interpreters at once.
        interpreters = [Interpreter() for _ in range(arguments.interpreters)]
        with ThreadPoolExecutor(arguments.interpreters) as threads:
            right = list(threads.map(use, interpreters, repeat(folder), range(len(interpreters))))
        for interpreter in interpreters:
            interpreter.close()
    print(f"{sum(right)} of {len(right)} interpreters found their own values")
    sys.stdout.flush()
    # CPython 3.12 may abort at the end of a process that had own-GIL interpreters.
    os._exit(0 if all(right) else 1)


if __name__ == "__main__":
    main()
