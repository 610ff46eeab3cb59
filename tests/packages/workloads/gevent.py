"""gevent.py: greenlets that sleep, a queue, a timeout, a pool, in a hub of its own."""

from __future__ import annotations

import gevent
from gevent.event import AsyncResult
from gevent.queue import Queue


def work(i: int) -> object:
    queue: Queue = Queue()
    got: list[object] = []

    def puts() -> None:
        for n in range(3):
            gevent.sleep(0.001)
            queue.put(n * i)

    def takes() -> None:
        for _ in range(3):
            got.append(queue.get())

    gevent.joinall([gevent.spawn(puts), gevent.spawn(takes)], timeout=10, raise_error=True)
    answer = AsyncResult()
    gevent.spawn(answer.set, f"text {i}")
    try:
        with gevent.Timeout(0.002):
            gevent.sleep(5)
    except gevent.Timeout as error:
        said = str(error)
    else:
        said = "nothing was raised"
    failing = gevent.spawn(lambda: 1 // 0)
    failing.join()
    return got, answer.get(timeout=10), said, type(failing.exception).__name__
