"""demo/workers.py: workers: the main interpreter, another one, another process."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys
import textwrap
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from hpystate.testing import Interpreter

# Executed once in every interpreter and process: imports the shared objects, fills the globals.
# Defines answer: what the globals held before, what they hold now, what the clients returned.
START = """
    import sys, time
    if {folder!r} not in sys.path:
        sys.path.insert(0, {folder!r})
    import hpystate
    hpystate.install()
    import atlas, pof, pofcpp, pofpackage.foo, pofpackage.bar
    before = atlas.report()
    atlas.start({id}, {nonce})

    def work_between(begin, end, id={id}, nonce={nonce}):
        loads = wrong = calls = 0
        while time.monotonic() < begin:
            pass
        while True:  # at least once: on a busy machine it may begin after the end
            some_loads, some_wrong = atlas.work(200, id, nonce)
            loads, wrong, calls = loads + some_loads, wrong + some_wrong, calls + 200
            if time.monotonic() >= end:
                return loads, wrong, calls

    answer = {{
        "before": before,
        "after": atlas.report(),
        "clients": [
            pof.add_ints(30, 12), pof.double(21), repr(pof.Point(1, 2)),
            pofcpp.add_ints_kw(b=30, a=12), pofpackage.foo.hello(), pofpackage.bar.hello(21),
        ],
        "type_address": id(pof.Point),
    }}
"""

CLIENTS = [42, 42, "Point(1, 2)", 42, "hello from pofpackage.foo", 42]


@dataclass
class Tally:
    """What a worker found out in one or more turns."""

    loads: int = 0
    wrong: int = 0
    calls: int = 0

    def add(self, turn: tuple[int, int, int]) -> None:
        self.loads += turn[0]
        self.wrong += turn[1]
        self.calls += turn[2]


class Place(Protocol):
    """Something that runs code: an interpreter or a process."""

    def run(self, code: str) -> Any: ...

    def close(self) -> None: ...


class MainInterpreter:
    """This interpreter, with the same interface."""

    def __init__(self) -> None:
        self._scope: dict[str, Any] = {"__name__": "hpystate_demo_worker"}

    def run(self, code: str) -> Any:
        exec(compile(textwrap.dedent(code), "<main interpreter>", "exec"), self._scope)
        return self._scope.pop("answer", None)

    def close(self) -> None:
        self._scope.clear()


class Process:
    """A Python of its own, which runs what it reads: one JSON text a line, both ways."""

    _SERVER = textwrap.dedent("""
        import json, sys, textwrap
        scope = {}
        for line in sys.stdin:
            exec(textwrap.dedent(json.loads(line)), scope)
            print(json.dumps(scope.pop("answer", None)), flush=True)
    """)

    def __init__(self) -> None:
        self._child = subprocess.Popen(
            [sys.executable, "-c", self._SERVER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str) -> Any:
        assert self._child.stdin is not None and self._child.stdout is not None
        self._child.stdin.write(json.dumps(code) + "\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker process ended with status {self._child.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        assert self._child.stdin is not None
        self._child.stdin.close()
        self._child.wait(timeout=30)


@dataclass
class Worker:
    """A place, its tag, and what it found out."""

    name: str
    place: Place
    id: int
    nonce: int = field(default_factory=lambda: secrets.randbits(32))
    started: dict[str, Any] = field(default_factory=dict)
    total: Tally = field(default_factory=Tally)
    alone: float = 0.0  # calls per second
    together: float = 0.0
    objects: tuple[int, int] = (0, 0)  # created, released

    def start(self, folder: Path) -> None:
        self.started = self.place.run(
            START.format(folder=str(folder), id=self.id, nonce=self.nonce)
        )

    def turn(self, begin: float, end: float) -> float:
        """Works between two times of time.monotonic(); calls per second."""
        found = self.place.run(f"answer = work_between({begin!r}, {end!r})")
        self.total.add((found[0], found[1], found[2]))
        return found[2] / (end - begin)

    @property
    def own_values(self) -> bool:
        """Whether the globals were empty before and hold values with the worker's tag now."""
        before, after = self.started["before"], self.started["after"]
        tag = f"{self.id << 32 | self.nonce:016x}"
        empty = all(text == "nothing" for text in before.values())
        return empty and tag in after["home_key"] and tag in after["cache"]


def make_workers(count: int) -> list[Worker]:
    """The main interpreter and `count` more."""
    workers = [Worker("main", MainInterpreter(), 0)]
    for _ in range(count):
        interpreter = Interpreter(gil="own")
        workers.append(Worker(f"own-GIL {interpreter.id}", interpreter, interpreter.id))
    return workers


def work_together(workers: list[Worker], seconds: float) -> list[float]:
    """All workers at the same time, each on a thread; calls per second of each."""
    begin = time.monotonic() + 0.05
    rates = [0.0] * len(workers)
    failures: list[BaseException] = []

    def run(index: int) -> None:
        try:
            rates[index] = workers[index].turn(begin, begin + seconds)
        except BaseException as error:  # raised again in the thread that waits
            failures.append(error)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(workers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return rates
