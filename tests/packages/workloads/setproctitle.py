"""setproctitle.py: reads the titles of the process and of the thread; to set one is for all."""

from __future__ import annotations

import setproctitle


def work(i: int) -> object:
    setproctitle.setproctitle("hpystate packages")
    try:
        setproctitle.setproctitle(i)
    except TypeError as error:
        said = type(error).__name__
    else:
        said = "nothing was raised"
    return setproctitle.getproctitle(), said
