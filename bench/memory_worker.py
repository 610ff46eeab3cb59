"""memory_worker.py: makes interpreters, one after the other, and tells what is left of them.

memory_worker.py COUNT STEP SCRIPT [PATH...]

The main interpreter runs SCRIPT once, with PATH before its sys.path; then COUNT interpreters with a
GIL of their own do: each is made, runs it, and is ended. A line of JSON before the first and after
each STEP of them: how many there were, and the KiB of the process (smaps.py).
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path
from types import ModuleType

from smaps import private, pss


def interpreters() -> ModuleType:
    """interpreters.py of the package, by its path: the runtime is loaded by scripts alone."""
    file = Path(__file__).resolve().parents[1] / "python" / "hpystate" / "interpreters.py"
    spec = importlib.util.spec_from_file_location("interpreters", file)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def tell(count: int) -> None:
    found = {"interpreters": count, "pss": pss("self"), "private": private("self")}
    print(json.dumps(found), flush=True)


def main() -> None:
    count, step, script, *paths = sys.argv[1:]
    sys.path[:0] = paths
    whole = f"import sys; sys.path[:] = {sys.path!r}\n{script}\n"
    exec(compile(whole, "<script>", "exec"), {"__name__": "main"})
    make = interpreters()
    tell(0)
    for number in range(1, int(count) + 1):
        each = make.create("own")
        failure = make.execute(each, whole)
        if failure is not None:
            raise RuntimeError(f"in interpreter {number}: {failure}")
        make.destroy(each)
        if number % int(step) == 0:
            tell(number)
    os._exit(0)  # 3.12.1 may abort at its end where interpreters had GILs of their own


if __name__ == "__main__":
    main()
