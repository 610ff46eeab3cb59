"""psutil.py: facts of the process that do not change, a process that is not there."""

from __future__ import annotations

import os

import psutil


def work(i: int) -> object:
    process = psutil.Process()
    try:
        psutil.Process(2**22 + 1 + i)
    except psutil.NoSuchProcess as error:
        said = (type(error).__name__, error.pid)
    else:
        said = ("nothing was raised", 0)
    return (
        process.pid == os.getpid(),
        process.nice() == os.getpriority(os.PRIO_PROCESS, 0),
        process.memory_info().rss > 0,
        psutil.virtual_memory().total == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        psutil.cpu_count() == os.cpu_count(),
        "lo" in psutil.net_if_addrs(),
        sorted(process.cpu_affinity()) == sorted(os.sched_getaffinity(0)),
        said,
    )
