"""pool/worker.py: what runs in a worker's interpreter: the loop, and a thread that stops a task.

Words that two threads share, under this interpreter's GIL:
  _running  the loop's thread writes the number of the task, and 0 when it is over
  _wanted   the control thread writes the number of the task to stop; the loop's thread
            writes 0, when it raises Interrupt and when it finds that the task is over
The exception is raised by the loop's thread itself, in a callback of sys.monitoring that compares
the two: it cannot reach the next task or the loop. A callback is called only after set_events(), so
a task that nobody interrupts pays nothing.
"""

from __future__ import annotations

import os
import pickle
import struct
import sys
import threading
import time

from hpystate.pool import wire

TYPE_CHECKING = False  # typing is not imported into every worker
if TYPE_CHECKING:
    from typing import Any

NUMBER = struct.Struct("<Q")


class Interrupt(BaseException):
    """Raised inside a task to stop it; an `except Exception` does not catch it."""


class Worker:
    def __init__(self, number: int, tasks: int, results: int, control: int, stop: int) -> None:
        self.number = number
        self.results = results
        self._tasks = tasks
        self._control = control
        self._stop = stop  # the other end of control
        self._thread = threading.get_ident()
        self._running = 0
        self._wanted = 0
        self._tool = self._free_tool()

    # ---- interrupting a task -------------------------------------------------------------------

    def _free_tool(self) -> int:
        """A tool of sys.monitoring that no debugger, profiler or coverage has taken."""
        for tool in (4, 3, 5, 2, 1, 0):
            if sys.monitoring.get_tool(tool) is None:
                sys.monitoring.use_tool_id(tool, "hpystate.pool")
                events = sys.monitoring.events
                for event in (events.LINE, events.JUMP, events.PY_START, events.PY_RESUME):
                    sys.monitoring.register_callback(tool, event, self._interrupt)
                return tool
        raise RuntimeError("all six tools of sys.monitoring are taken; one was expected to be free")

    def _interrupt(self, code: Any, *_: Any) -> None:
        # In _perform itself nothing is raised, so the number is always taken back there. What was
        # wanted before the function has begun waits for its first line.
        if threading.get_ident() != self._thread or code is Worker._perform.__code__:
            return
        stop = self._wanted != 0 and self._wanted == self._running
        self._wanted = 0
        sys.monitoring.set_events(self._tool, 0)
        if stop:
            raise Interrupt

    def listen(self) -> None:
        """The control thread: reads the numbers of tasks to stop; 0 ends it."""
        events = sys.monitoring.events
        all_of_them = events.LINE | events.JUMP | events.PY_START | events.PY_RESUME
        while True:
            message = os.read(self._control, NUMBER.size)
            if len(message) < NUMBER.size or message == bytes(NUMBER.size):
                return
            (wanted,) = NUMBER.unpack(message)
            if wanted == self._running:
                self._wanted = wanted
                sys.monitoring.set_events(self._tool, all_of_them)

    # ---- tasks ---------------------------------------------------------------------------------

    def loop(self) -> None:
        listener = threading.Thread(target=self.listen, name="hpystate-control")
        listener.start()
        try:
            while True:
                message = wire.read(self._tasks)
                if message is None or message[0] == wire.END:
                    return
                self._answer(*self._perform(message[1], message[3]), message[1])
        finally:
            os.write(self._stop, bytes(NUMBER.size))
            listener.join()

    def _perform(
        self, number: int, data: bytes | memoryview | bytearray
    ) -> tuple[int, bytes, float]:
        try:
            function, args, kwargs = pickle.loads(data)
        except BaseException as error:
            return *failed(where_unpickled(error), self.number), 0.0
        begin = time.perf_counter()
        try:
            try:
                self._running = number
                result = function(*args, **kwargs)
                self._running = 0
            except BaseException:
                self._running = 0
                raise
        except Interrupt as error:
            return wire.INTERRUPTED, in_text(error).encode(), time.perf_counter() - begin
        except BaseException as error:
            return *failed(error, self.number), time.perf_counter() - begin
        seconds = time.perf_counter() - begin
        try:
            return wire.RESULT, pickle.dumps(result, 5), seconds
        except Exception as error:
            return *send_otherwise(wire.RESULT, result, result, error), seconds

    def _answer(self, kind: int, data: bytes, seconds: float, number: int) -> None:
        wire.write(self.results, kind, number, seconds, data)


def call_each(function: Any, groups: tuple[tuple[Any, ...], ...]) -> list[Any]:
    """The calls of one chunk of map(), as one task."""
    return [function(*group) for group in groups]


def call_in_turn(calls: list[tuple[Any, tuple[Any, ...], dict[str, Any]]]) -> list[Any]:
    """Different calls as one task (pool/joblib.py)."""
    return [function(*args, **kwargs) for function, args, kwargs in calls]


# ---- errors ------------------------------------------------------------------------------------


def in_text(error: BaseException) -> str:
    import traceback

    return "".join(traceback.format_exception(error))


def send_otherwise(kind: int, thing: Any, subject: Any, error: Exception) -> tuple[int, bytes]:
    """`thing`, which pickle refused, by cloudpickle; or the reason why it cannot be sent."""
    if sys.version_info < (3, 13):  # its Pickler corrupts memory of CPython 3.12.1 (docs/pool.md)
        return not_sent(kind, subject, error, "; cloudpickle sends from a worker on 3.13 and later")
    try:
        import cloudpickle  # pyright: ignore[reportMissingImports]

        return kind, cloudpickle.dumps(thing, 5)
    except ImportError:
        return not_sent(
            kind, subject, error, " (cloudpickle can send more: pip install cloudpickle)"
        )
    except Exception as second:
        return not_sent(kind, subject, second, "")


def not_sent(kind: int, subject: Any, reason: Exception, hint: str) -> tuple[int, bytes]:
    """The message with the reason why `subject`, a result or an exception, is missing."""
    what = "the result" if kind == wire.RESULT else "the error that the task raised"
    text = (
        f"{what} cannot be sent to the main interpreter: {type(subject).__module__}."
        f"{type(subject).__qualname__} cannot be pickled: {type(reason).__name__}: {reason}. "
        f"Return plain data, or something that pickle can send{hint}"
    )
    if isinstance(subject, BaseException):
        text += f"\nThe error was:\n{in_text(subject)}"
    return wire.NOT_SENT, text.encode()


def failed(error: BaseException, worker: int) -> tuple[int, bytes]:
    """An error of a task as a message. Whether the pickle can be read is found out here: an
    exception whose __init__ wants more than its args is refused with its traceback."""
    if isinstance(error, ImportError):
        error.add_note(f"in worker {worker} of the pool: {advice(error)}")
    text = in_text(error)
    try:
        data = pickle.dumps((error, text), 5)
    except Exception as reason:
        return send_otherwise(wire.ERROR, (error, text), error, reason)
    try:
        pickle.loads(data)
    except Exception as reason:
        return not_sent(wire.ERROR, error, reason, "")
    return wire.ERROR, data


def name_of(error: ImportError) -> str | None:
    """The module; CPython's refusal has it in its text alone."""
    refused = error.msg.split() if error.msg else []
    if error.name is None and refused[:1] == ["module"] and refused[2:4] == ["does", "not"]:
        return refused[1]
    return error.name


def advice(error: ImportError) -> str:
    """What to type where an import failed."""
    name = (name_of(error) or "NAME").partition(".")[0]
    if isinstance(error, ModuleNotFoundError):
        return (
            f"the worker looks where the main interpreter looked when the worker was made: "
            f"add the folder of {name} to sys.path or PYTHONPATH before that, or type "
            f"`pip install {name}`"
        )
    return (
        f"type `python -m hpystate doctor {name}`, which tells whether it can live in many "
        f"interpreters. Where it cannot, try InterpreterPool(isolate=[{name!r}]) "
        "(docs/isolate.md), or a pool of processes or threads"
    )


def where_unpickled(error: BaseException) -> BaseException:
    """An import that failed while a task was unpickled, as an ImportError that names it."""
    if isinstance(error, ImportError):
        name = name_of(error)
        kind = ModuleNotFoundError if isinstance(error, ModuleNotFoundError) else ImportError
        told = kind(
            f"a worker of the pool could not import {name or 'a module of the task'}: {error}",
            name=name,
            path=error.path,
        )
        told.__cause__ = error
        return told
    if isinstance(error, AttributeError):
        told = AttributeError(f"a worker of the pool could not find what the task names: {error}")
        told.__cause__ = error
        return told
    return error


# ---- start -------------------------------------------------------------------------------------

#: The worker of this interpreter.
current: Worker | None = None


def main(number: int, pipes: tuple[int, int, int, int], setup: bytes) -> None:
    """Runs in the interpreter's main thread until the pool sends END."""
    global current
    import hpystate

    current = Worker(number, *pipes)
    try:
        hpystate.install()  # HPYSTATE_ISOLATE may name what cannot be isolated
        isolate, modules, initializer = pickle.loads(setup)
        if isolate:
            from hpystate.images import isolate_by_words

            isolate_by_words(isolate, "isolate")
        for name in modules:
            __import__(name)
        if initializer is not None:
            function, args, kwargs = pickle.loads(initializer)
            function(*args, **kwargs)
    except BaseException as error:
        kind, data = failed(error, number)
        if kind != wire.ERROR:
            data = pickle.dumps((None, data.decode()))
        wire.write(current.results, wire.NOT_STARTED, data=data)
        return
    wire.write(current.results, wire.READY)
    current.loop()
