"""ways_worker.py: what bench/ways.py runs in each CPython, with nothing but its own modules.

    python ways_worker.py measure WAY ROUNDS COUNT    one against two at once, as JSON lines
    python ways_worker.py memory WAY N                KiB of the first and of each of N more
    python ways_worker.py start WAY N                 milliseconds of the processor to make and end
                                                      one more, of N
    python ways_worker.py work                        a process that works when a line arrives

A way is threads, interpreters or processes. The work is Python code: classes, calls, dicts,
strings, floats. `own` works on objects of the caller's; `same` on a list and a dict that all
threads of one interpreter share.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

WORK = """
import json

class Point:
    def __init__(self, x, y):
        self.x, self.y = x, y
    def moved(self, by):
        return Point(self.x + by, self.y - by)

SHARED_LIST = list(range(100))
SHARED_DICT = {str(number): number for number in range(100)}

def own(count):
    total = 0.0
    for turn in range(count):
        points = [Point(float(turn), float(number)) for number in range(10)]
        names = {f"{point.x}:{point.y}": point.moved(0.5) for point in points}
        total += sum(point.x * point.y for point in names.values())
    return total

def same(count):
    total = 0
    for turn in range(count):
        for number in SHARED_LIST:
            total += SHARED_DICT[str(number)]
        SHARED_DICT["0"] = turn
    return total
"""
Task = Callable[[], object]


def define() -> dict[str, Any]:
    """The functions of WORK, as an interpreter has them in its __main__."""
    space: dict[str, Any] = {"__name__": "__main__"}
    exec(WORK, space)
    return space


class Interpreter:
    """One with a GIL of its own, in which WORK has run."""

    def __init__(self) -> None:
        import _interpreters  # CPython 3.13 and later

        self.interpreters = _interpreters
        self.id = _interpreters.create("isolated")
        self.run(WORK)

    def run(self, code: str) -> None:
        failed = self.interpreters.exec(self.id, code)
        if failed is not None:
            raise RuntimeError(failed.formatted)

    def end(self) -> None:
        self.interpreters.destroy(self.id)


class Process:
    """A Python of its own, which waits for a line."""

    def __init__(self) -> None:
        command = [sys.executable, os.path.abspath(__file__), "work"]
        self.child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.used = 0.0  # seconds of its processor time until its last answer
        self._answer()

    def _answer(self) -> None:
        assert self.child.stdout is not None
        line = self.child.stdout.readline()
        if not line:
            raise RuntimeError(f"{sys.executable} ended with {self.child.wait()}")
        self.used = float(line)

    def run(self, name: str, count: int) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(f"{name} {count}\n")
        self.child.stdin.flush()
        self._answer()

    def end(self) -> None:
        assert self.child.stdin is not None
        self.child.stdin.close()
        self.child.wait()
        assert self.child.stdout is not None
        self.child.stdout.close()


def work_on_demand() -> None:
    space = define()
    print(time.process_time(), flush=True)
    for line in sys.stdin:
        name, count = line.split()
        space[name](int(count))
        print(time.process_time(), flush=True)


class Pair:
    """Two tasks that may run at once."""

    def __init__(self, way: str, name: str, count: int) -> None:
        self.made: list[Any] = []
        if way == "threads":
            function = define()[name]
            self.tasks: list[Task] = [lambda: function(count)] * 2
        elif way == "interpreters":
            self.made = [Interpreter(), Interpreter()]
            self.tasks = [lambda one=one: one.run(f"{name}({count})") for one in self.made]
        else:
            self.made = [Process(), Process()]
            self.tasks = [lambda one=one: one.run(name, count) for one in self.made]

    def used(self) -> float:
        """Seconds of the processor so far, of this process or of both others."""
        if self.made and isinstance(self.made[0], Process):
            return sum(float(one.used) for one in self.made)
        return time.process_time()

    def run(self, number: int) -> dict[str, float]:
        """Seconds from the start of all tasks to the end of the last one, and processor time."""
        start = threading.Barrier(number + 1)

        def run(task: Task) -> None:
            start.wait()
            task()

        running = [threading.Thread(target=run, args=(task,)) for task in self.tasks[:number]]
        for thread in running:
            thread.start()
        used = self.used()
        start.wait()
        begin = time.perf_counter()
        for thread in running:
            thread.join()
        return {"clock": time.perf_counter() - begin, "processor": self.used() - used}


def measure(way: str, rounds: int, count: int) -> None:
    """A line for each round: what one took, and what two took."""
    names = ("own", "same") if way == "threads" else ("own",)
    pairs = {name: Pair(way, name, count) for name in names}
    print("ready", flush=True)
    for _ in range(rounds):
        sys.stdin.readline()  # the parent gives each way its turn
        found = {name: {"one": pair.run(1), "two": pair.run(2)} for name, pair in pairs.items()}
        print(json.dumps(found), flush=True)
    for pair in pairs.values():
        for one in pair.made:
            one.end()


def kib() -> int:
    """Pss of this process and of its children: shared pages are divided by who has them."""
    total = 0
    me = os.getpid()
    with open(f"/proc/{me}/task/{me}/children") as file:
        children = file.read().split()
    for process in (str(me), *children):
        with open(f"/proc/{process}/smaps_rollup") as file:
            total += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return total


def hold(way: str) -> Task:
    """One more that has worked and waits; what is returned ends it."""
    if way != "threads":
        one = Interpreter() if way == "interpreters" else Process()
        one.run("own(10)") if isinstance(one, Interpreter) else one.run("own", 10)
        return one.end
    function = define()["own"]
    worked, over = threading.Event(), threading.Event()

    def run() -> None:
        function(10)
        worked.set()
        over.wait()

    thread = threading.Thread(target=run)
    thread.start()
    worked.wait()

    def end() -> None:
        over.set()
        thread.join()

    return end


def memory(way: str, number: int) -> None:
    define()["own"](10)
    first = kib()
    hold(way)()  # what the first one of a way loads counts for none
    before = kib()
    ends = [hold(way) for _ in range(number)]
    each = (kib() - before) / number
    for end in ends:
        end()
    print(json.dumps({"first": first, "each": each}))


def start(way: str, number: int) -> None:
    def used() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    hold(way)()
    each = []
    for _ in range(number):
        begin = used()
        hold(way)()
        each.append(used() - begin)
    print(json.dumps(statistics.median(each) * 1000))


def main(arguments: list[str]) -> None:
    what, *rest = arguments
    if what == "work":
        work_on_demand()
    elif what == "measure":
        measure(rest[0], int(rest[1]), int(rest[2]))
    else:
        {"memory": memory, "start": start}[what](rest[0], int(rest[1]))


if __name__ == "__main__":
    main(sys.argv[1:])
