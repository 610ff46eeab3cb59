"""time_machine.py: travels in the time of this interpreter and back."""

from __future__ import annotations

import datetime
import time

import time_machine


def work(i: int) -> object:
    there = datetime.datetime(2001, 2, 3 + i, 4, 5, tzinfo=datetime.UTC)
    with time_machine.travel(there, tick=False) as traveller:
        first = datetime.datetime.now(datetime.UTC).isoformat()
        traveller.shift(3600)
        second = time.time(), time.gmtime().tm_hour, datetime.date.today().isoformat()
    return first, second, time.time() > 1.7e9
