"""private_copy.py: a copy of an extension's file that no other runtime of the process finds.

A file is one object of the dynamic linker, however often it is opened: its statics, and the context
for its trampolines, are there once. A copy of the file is another object. The process has one
copy of each file, for all interpreters, since the addresses of statics are what their globals go
by.
"""

from __future__ import annotations

import os

from hpystate import _native


def private_copy(path: str) -> str:
    """The path of this process's copy of the file: in a folder of its own, which is removed when
    the process ends, under the file's name, which has the ABI's tag in it.

    A file that changed since is copied again. OSError where it cannot be read, or the folder not be
    written. A library that the file finds relative to itself ($ORIGIN) is not found from there.
    """
    stat = os.stat(path)
    key = f"{stat.st_dev}:{stat.st_ino}:{stat.st_mtime_ns}:{os.getpid()}"
    kept: str | None = _native.kept_path(key, None)
    if kept is not None:
        return kept
    import shutil
    import tempfile

    folder = tempfile.mkdtemp(prefix="hpystate-")
    chosen = None
    try:
        copied = shutil.copy(path, os.path.join(folder, os.path.basename(path)))
        # Another interpreter may have made one at the same time: the first one is everybody's.
        chosen = _native.kept_path(key, copied)
    finally:
        if chosen is None or os.path.dirname(chosen) != folder:
            shutil.rmtree(folder)
    return str(chosen)
