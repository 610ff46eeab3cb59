"""yields.py: how often CPython gave its time away when it started, and what os.sched_yield adds."""

from __future__ import annotations

import ctypes
import json
import os

library = ctypes.CDLL(None)
library.yields.restype = ctypes.c_long
start = library.yields()
for _ in range(100):
    os.sched_yield()
# What CPython waits for meanwhile is counted too, but nothing here enters a critical section twice.
print(json.dumps({"by the start": start, "of its own": library.yields() - start}))
