"""child.py JOB RESULT: one situation of a package for `make packages`, in a process of its own.

JOB is a file with JSON (tools/package_trials.py writes it). "main": the results of the workload in
the main interpreter, twice, as the others are compared with them. Otherwise interpreters with GILs
of their own, a thread for each, import the package and work at once, and the main interpreter
works beside them; then they end, and the process ends. RESULT is written before that.
"""

from __future__ import annotations

import ast
import faulthandler
import json
import os
import sys
import threading
from pathlib import Path
from typing import Any

INSIDE = Path(__file__).with_name("inside.py")
#: What a workload writes where an exception was expected and none was raised.
MISSED = "nothing was raised"


def functions() -> dict[str, Any]:
    """inside.py, as each interpreter runs it."""
    scope: dict[str, Any] = {"__name__": "inside"}
    exec(compile(INSIDE.read_text(), str(INSIDE), "exec"), scope)
    return scope


def in_main(job: dict[str, Any], inside: dict[str, Any]) -> dict[str, Any]:
    """The results in main, and the packages of all compiled modules that it loaded, without the
    standard library's. Raises ValueError where the results cannot be compared with others."""
    work = inside["load"](job["work"])
    texts = [repr(work(i)) for i in range(job["rounds"])]
    for i, text in enumerate(texts):
        ast.literal_eval(text)  # plain data, or it raises ValueError
        if MISSED in text:
            raise ValueError(f"work({i}): an exception was expected and is missing: {text[:300]}")
        again = repr(work(i))
        if again != text:
            raise ValueError(f"work({i}) differs in the same process: {text[:150]}; {again[:150]}")
    inside["check_modules"](job)
    standard = os.path.dirname(os.__file__)
    packages = {
        name.partition(".")[0]
        for name, file in inside["compiled"]().items()
        if not file.startswith(standard) or "/site-packages/" in file
    }
    return {"expected": texts, "isolate": sorted(packages)}


class Others:
    """The interpreters beside main, each on a thread."""

    def __init__(self, job: dict[str, Any]) -> None:
        self.job = job
        self.found: list[dict[str, Any]] = []
        self.barrier = threading.Barrier(job["interpreters"])
        self.threads = [
            threading.Thread(target=self.run, args=(number,))
            for number in range(1, job["interpreters"] + 1)
        ]

    def run(self, number: int) -> None:
        for cycle in range(self.job["cycles"]):
            try:
                found = self.one(number, together=cycle == 0)
            except Exception as error:  # of making or ending it; the others go on
                found = functions()["empty"]()
                functions()["failure"](found, error)
                if cycle == 0:
                    self.barrier.abort()
            self.found.append(found | {"number": number, "cycle": cycle})

    def one(self, number: int, together: bool) -> dict[str, Any]:
        """An interpreter from its begin to its end. In the first cycle all import at once."""
        from hpystate.testing import Interpreter

        job = self.job | {"number": number}
        script = f"""
            scope = {{"__name__": "inside"}}
            exec(compile(open({str(INSIDE)!r}).read(), {str(INSIDE)!r}, "exec"), scope)
            answer = scope["session"]({job!r})
        """
        with Interpreter("own") as interpreter:
            if together:
                self.barrier.wait()
            found = interpreter.run(script)
        functions()["note"](job, "ended")
        return found


def beside(job: dict[str, Any], inside: dict[str, Any]) -> dict[str, Any]:
    """What all interpreters found; main is number 0. Main has imported the package before."""
    main, expected = inside["empty"](), job["expected"]
    inside["note"](job, "import")
    work = inside["load"](job["work"])
    inside["note"](job, "work")
    inside["compare"](work, expected, main)
    others = Others(job)
    for thread in others.threads:
        thread.start()
    while any(thread.is_alive() for thread in others.threads):
        inside["compare"](work, expected, main)
    for thread in others.threads:
        thread.join()
    inside["note"](job, "ended")
    return {"main": main, "others": others.found}


def main(job_file: str, result_file: str) -> None:
    job: dict[str, Any] = json.loads(Path(job_file).read_text()) | {"number": 0}
    faulthandler.dump_traceback_later(job["limit"] * 0.9, exit=False)
    inside = functions()
    result = in_main(job, inside) if job["situation"] == "main" else beside(job, inside)
    Path(result_file).write_text(json.dumps(result))
    faulthandler.cancel_dump_traceback_later()
    sys.stdout.flush()
    # 3.12 may abort at its end once an interpreter had asyncio (docs/cpython-faults.md)
    if sys.version_info < (3, 13):
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
