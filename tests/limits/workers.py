"""workers.py: a worker of pytest-xdist that dies fails its test, and the run goes on and ends.

Faults of xdist 3.8 are avoided here. All but the last one are of `--dist loadfile`:

  - The files of a dead worker are handed out again, those without a test to run too. Their next
    worker gets nothing to do and is waited for without an end.
  - So is a test that is handed to a new worker alone: a worker begins a test when it knows the next
    one, or that there is none.
  - The test that a worker died of is run again, which may cost every other worker too.
  - If two die at once, the new worker that has not collected its tests yet is given some: KeyError.
  - A file that is handed to a worker in the moment of its death ends the run: its pipe is broken.
  - A worker's death is the end of its pipe. A child that it forked may hold that open for good, so
    here the process is looked at as well.
"""

from __future__ import annotations

import contextlib
import threading

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadFileScheduling
from xdist.workermanage import Marker, WorkerController

#: How long the pipe of a dead process may stay open.
SECONDS = 5


class FilesOnce(LoadFileScheduling):
    """A file stays with a worker, and what a dead one has not begun goes to others."""

    def remove_node(self, node: WorkerController) -> str | None:
        """Returns the test that the worker died of; None: it has run all of its tests."""
        workload = self.assigned_work.pop(node)
        pending = [
            (unit, test) for unit in workload.values() for test, over in unit.items() if not over
        ]
        if not pending:
            return None
        unit, died_of = pending[0]
        unit[died_of] = True  # xdist reports it as failed
        self.workqueue.update(
            {file: unit for file, unit in workload.items() if not all(unit.values())}
        )
        for other in self.nodes:
            self._reschedule(other)
        return died_of

    def _assign_work_unit(self, node: WorkerController) -> None:
        # A broken pipe: it has died, and remove_node() gives the file to others when that is told.
        with contextlib.suppress(OSError):
            super()._assign_work_unit(node)

    def _reschedule(self, node: WorkerController) -> None:
        if node not in self.registered_collections:
            return
        super()._reschedule(node)  # hands out one file; if none is left, the worker ends
        while not node.shutting_down and self._pending_of(self.assigned_work[node]) < 2:
            super()._reschedule(node)


class Workers:
    """Registered where workers are started."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # the set below: xdist's thread writes, ours reads
        self._alive: set[WorkerController] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="workers", daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        dead: dict[WorkerController, int] = {}
        while not self._over.wait(1):
            with self._lock:
                alive = list(self._alive)
            for node in alive:
                if node.gateway._io.popen.poll() is None:
                    continue
                dead[node] = dead.get(node, 0) + 1
                if dead[node] == SECONDS:
                    node.process_from_remote(Marker.END)  # as the end of the pipe would do

    @pytest.hookimpl
    def pytest_xdist_make_scheduler(
        self, config: pytest.Config, log: Producer
    ) -> LoadFileScheduling | None:
        return FilesOnce(config, log) if config.getvalue("dist") == "loadfile" else None

    @pytest.hookimpl
    def pytest_testnodeready(self, node: WorkerController) -> None:
        with self._lock:
            self._alive.add(node)

    @pytest.hookimpl
    def pytest_testnodedown(self, node: WorkerController) -> None:
        with self._lock:
            self._alive.discard(node)

    def pytest_unconfigure(self) -> None:
        self._over.set()
        self._thread.join()
