"""inside.py: what one interpreter does in `make packages`: it imports a package by its workload and
compares each result with main's.

child.py runs the text of this file in every interpreter. What it imports is little, since it runs
where nothing is known to work yet.
"""

from __future__ import annotations

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

LONGEST = 400  # characters of a result or an exception that are kept


def note(job: dict[str, Any], word: str) -> None:
    """Appends a line to the file that tells, after a crash, how far each interpreter was."""
    with open(job["phases"], "a") as file:
        file.write(f"{job['number']} {word}\n")


def load(path: str) -> Callable[[int], object]:
    """The function `work` of a workload. Its file may have the name of the package, so it is not
    imported by that name."""
    module = sys.modules["workload"] = type(sys)("workload")
    module.__file__ = path
    with open(path, encoding="utf-8") as file:
        code = compile(file.read(), path, "exec")
    exec(code, module.__dict__)
    return module.work


def compiled() -> dict[str, str]:
    """Name -> file, of all modules that were loaded from a shared object."""
    import _imp

    suffixes = tuple(_imp.extension_suffixes())
    found = {}
    for name, module in list(sys.modules.items()):
        # cv2 puts its package in the place of the compiled module of that name, and keeps this one
        for each in (module, getattr(module, "_native", None)):
            file = getattr(each, "__file__", None)
            if isinstance(file, str) and file.endswith(suffixes):
                found[name] = file
    return found


def prepare(job: dict[str, Any]) -> None:
    """What an interpreter beside main does before it imports the package."""
    for name in job["empty"]:
        sys.modules[name] = type(sys)(name)
    if job["situation"] == "images":
        import hpystate

        hpystate.isolate(*job["isolate"])
    elif job["situation"] == "shared":
        import _imp

        _imp._override_multi_interp_extensions_check(-1)


def check_modules(job: dict[str, Any]) -> dict[str, Any]:
    """That the package's own modules are the compiled ones, and private images where they should
    be. Returns the bytes of the images. Raises ImportError for a package that goes on in Python."""
    import fnmatch

    files = compiled()
    found = {pattern: fnmatch.filter(files, pattern) for pattern in job["modules"]}
    if missing := [pattern for pattern, names in found.items() if not names]:
        raise ImportError(f"{', '.join(missing)}: not loaded, or not as a compiled module")
    if job["situation"] != "images":
        return {}
    import hpystate._images

    images = {image.file: image for image in hpystate._images.images()}
    shared = [name for names in found.values() for name in names if files[name] not in images]
    if shared:
        raise AssertionError(f"not an image of this interpreter: {', '.join(shared)}")
    return {
        "images": len(images),
        "shared bytes": sum(image.shared for image in images.values()),
        "private bytes": sum(image.private for image in images.values()),
    }


def compare(work: Callable[[int], object], expected: list[str], found: dict[str, Any]) -> None:
    """One pass. A result that is another one, or an exception, is counted as wrong; the first one
    is kept. ImportError is raised: a package may import its compiled module late."""
    for i, wanted in enumerate(expected):
        try:
            got = repr(work(i))
        except ImportError:
            raise
        except BaseException as error:  # PyO3's PanicException is not an Exception
            got = f"raised {type(error).__name__}: {error}"
        if got == wanted:
            found["right"] += 1
            continue
        found["wrong"] += 1
        if not found["first wrong"]:
            at = next((n for n, (a, b) in enumerate(zip(got, wanted, strict=False)) if a != b), 0)
            begin = max(0, at - 40)
            found["first wrong"] = {
                "i": i,
                "wanted": wanted[begin : begin + LONGEST],
                "found": got[begin : begin + LONGEST],
            }


def empty() -> dict[str, Any]:
    return {"right": 0, "wrong": 0, "first wrong": None, "raised": "", "traceback": ""}


def failure(found: dict[str, Any], error: BaseException) -> None:
    import traceback

    found["raised"] = f"{type(error).__name__}: {error}"[:LONGEST]
    found["refused"] = isinstance(error, ImportError)
    found["traceback"] = "".join(traceback.format_exception(error))[-4000:]


def session(job: dict[str, Any]) -> dict[str, Any]:
    """Imports, checks and compares until the time is over: one whole pass at least."""
    found = empty()
    begin = time.monotonic()
    try:
        note(job, "import")
        prepare(job)
        work = load(job["work"])
        found["import seconds"] = round(time.monotonic() - begin, 3)
        note(job, "work")
        compare(work, job["expected"], found)
        try:
            found.update(check_modules(job))
        except ImportError:  # the results are of Python code
            found.update(empty())
            raise
        deadline = time.monotonic() + job["seconds"]
        while time.monotonic() < deadline:
            compare(work, job["expected"], found)
    except BaseException as error:
        failure(found, error)
    note(job, "end")
    return found
