"""watchfiles.py: watches a folder of its own and sees a file appear; a wrong path."""

from __future__ import annotations

import os
import tempfile

from watchfiles import Change, _rust_notify


def work(i: int) -> object:
    with tempfile.TemporaryDirectory() as folder:
        notify = _rust_notify.RustNotify([folder], False, False, 30, True, True)
        try:
            path = os.path.join(folder, f"file{i}")
            with open(path, "w") as file:
                file.write("text")
            changes = notify.watch(20, 5, 5000, None)
        finally:
            notify.close()
        named = isinstance(changes, set) and (int(Change.added), os.path.realpath(path)) in {
            (kind, os.path.realpath(name)) for kind, name in changes
        }
    try:
        _rust_notify.RustNotify([i], False, False, 30, True, True)
    except TypeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return named, said
