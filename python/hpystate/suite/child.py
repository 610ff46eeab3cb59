"""child.py: the process that has the interpreters; parent.py starts it.

Each interpreter has a thread, and a GIL of its own. Before a test begins, an interpreter writes its
number and the place of the test into the pipe `arrive`, and reads a byte from its pipe of `go`.
The main thread reads `arrive`, decides by the job's `pace`, and writes into `go`. It alone has the
tables of who waits and who is alive; the threads of the interpreters write into pipes and files:

  together  what comes first runs, in all interpreters that have it, when all have arrived
  turns     the same, in one interpreter after the other
  free      at once

Interpreters are made one after the other: the next one begins when the one before has imported
pytest and arrived, since CPython 3.12 and 3.13 have faults when interpreters import at once. They
are not ended, and the process leaves by os._exit: CPython 3.12.1 may abort where an interpreter or
Python ends after what pytest imports (docs/cpython-faults.md).
"""

from __future__ import annotations

import datetime  # noqa: F401: the main interpreter must import it first (gh-117398)
import faulthandler
import json
import os
import sys
import threading

from hpystate.interpreters import create, execute

END = "end"
#: How much longer than main waits for it the process may live.
GRACE = 30


class Interpreters:
    def __init__(self, folder: str, count: int, pace: str) -> None:
        self._folder = folder
        self._pace = pace
        self._arrived, self._arrive = os.pipe()
        self._go: list[tuple[int, int]] = [os.pipe() for _ in range(count)]  # (read, write)
        self._unread = b""
        self._waiting: dict[int, int] = {}  # the place that an interpreter waits for
        self._alive: set[int] = set()

    def run(self) -> None:
        for number in range(len(self._go)):
            self._alive.add(number)
            threading.Thread(target=self._live, args=(number,)).start()
            while number in self._alive and number not in self._waiting:
                self._read()
        while self._alive:
            self._let_go()
            self._read()

    def _live(self, number: int) -> None:
        """On the thread of an interpreter."""
        script = (
            f"import sys; sys.path[:] = {sys.path!r}\n"
            "from hpystate.suite.guest import main\n"
            f"main({number}, {self._folder!r}, {self._arrive}, {self._go[number][0]})\n"
        )
        try:
            failure = execute(create("own"), script)
        except BaseException as error:
            failure = f"{type(error).__name__}: {error}"
        if failure is not None:
            path = os.path.join(self._folder, f"events-{number}")
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps({"event": "broke", "message": failure}) + "\n")
        os.write(self._arrive, f"{number} {END}\n".encode())

    def _read(self) -> None:
        *lines, self._unread = (self._unread + os.read(self._arrived, 65536)).split(b"\n")
        for line in lines:
            number, _, place = line.decode().partition(" ")
            if place == END:
                self._alive.remove(int(number))
            else:
                self._waiting[int(number)] = int(place)

    def _let_go(self) -> None:
        if self._pace == "free":
            chosen = list(self._waiting)
        elif self._waiting and len(self._waiting) == len(self._alive):
            first = min(self._waiting.values())
            chosen = sorted(number for number, at in self._waiting.items() if at == first)
            chosen = chosen[:1] if self._pace == "turns" else chosen
        else:
            return
        for number in chosen:
            del self._waiting[number]
            os.write(self._go[number][1], b"g")


def _end_with(main: int) -> None:
    """Ends the process when main has: nobody writes into the pipe `main`, and the system closes its
    other end."""
    os.read(main, 1)
    os._exit(1)


def start(folder: str, main: int) -> None:
    """Runs the job in `folder`, and ends the process. `main` is a pipe that main keeps open."""
    faulthandler.enable(all_threads=True)
    threading.Thread(target=_end_with, args=(main,), daemon=True).start()
    status = 1
    try:
        with open(os.path.join(folder, "job"), encoding="utf-8") as file:
            job = json.load(file)
        # Should the end of main not be seen, since a test holds the main interpreter's GIL.
        faulthandler.dump_traceback_later(job["seconds"] + GRACE, exit=True)
        Interpreters(folder, job["interpreters"], job["pace"]).run()
        status = 0
    except BaseException as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
    sys.stderr.flush()
    os._exit(status)
