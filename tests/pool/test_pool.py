"""test_pool.py: InterpreterPool as a caller sees it; one pool has many checks."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import CancelledError, wait

import pytest

import hpystate
from hpystate.pool import (
    BrokenInterpreterPool,
    InterpreterPool,
    RemoteTraceback,
    TaskInterrupted,
    TransferError,
    WorkerDied,
)
from hpystate.testing import compile_snippet
from tests.pool import tasks

SECONDS = 60


@pytest.fixture(scope="module")
def pool() -> Iterator[InterpreterPool]:
    with InterpreterPool(
        2, modules=["colorsys"], initializer=tasks.start, initargs=(1, "two")
    ) as made:
        yield made


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    yield ends
    for end in ends:
        os.close(end)


def test_calls(pool: InterpreterPool) -> None:
    assert hpystate.InterpreterPool is InterpreterPool
    assert pool.submit(tasks.add, 1, 2, third=3).result(SECONDS) == 6
    large = os.urandom(3_000_000)  # more than a pipe takes, both ways
    assert pool.submit(tasks.double, large).result(SECONDS) == large * 2
    futures = [pool.submit(tasks.double, i) for i in range(300)]
    assert [each.result(SECONDS) for each in futures] == [2 * i for i in range(300)]
    assert pool.submit(len, "abc").result(SECONDS) == 3
    with pytest.raises(TypeError, match="got 'len'; a function was expected"):
        pool.submit("len")  # type: ignore[arg-type]


def test_the_workers_are_interpreters_that_were_started(
    pool: InterpreterPool, pipe: tuple[int, int]
) -> None:
    reader, writer = pipe
    held = pool.submit(tasks.wait_for, reader)  # so the next one is for the other worker
    other = pool.submit(tasks.interpreter).result(SECONDS)
    assert pool.submit(tasks.what_started).result(SECONDS) == [1, "two"]
    assert pool.submit(tasks.loaded, "colorsys").result(SECONDS)
    assert pool.submit(tasks.loaded, "hpystate.finder").result(SECONDS)
    os.write(writer, b"x")
    assert held.result(SECONDS) == 1
    ids = {row.interpreter for row in pool.counters()}
    assert other in ids and 0 not in ids and len(ids) == 2
    assert tasks.started_with == []


def test_map(pool: InterpreterPool, capfd: pytest.CaptureFixture[str]) -> None:
    for options in ({}, {"chunksize": 3}, {"buffersize": 2}, {"chunksize": 4, "buffersize": 1}):
        assert list(pool.map(tasks.add, range(10), range(10), **options)) == list(range(0, 20, 2))
    assert list(pool.map(tasks.double, [])) == []
    assert list(pool.map(tasks.double, range(5), progress="doubling", chunksize=2)) == [
        *range(0, 10, 2)
    ]
    shown = capfd.readouterr()
    assert "doubling" in shown.err and "100%" in shown.err and shown.out == ""
    with pytest.raises(TimeoutError):
        list(pool.map(tasks.sleep, [0.3], timeout=0.01))
    with pytest.raises(ValueError, match="chunksize is 0; 1 or more was expected"):
        pool.map(tasks.double, [1], chunksize=0)
    with pytest.raises(ValueError, match="seven"):
        list(pool.map(tasks.fail, ["seven"], chunksize=2))


def test_errors_come_back_as_themselves(pool: InterpreterPool) -> None:
    failed = pool.submit(tasks.fail, "no such luck").exception(SECONDS)
    assert type(failed) is ValueError and failed.args == ("no such luck",)
    assert isinstance(failed.__cause__, RemoteTraceback)
    assert "tasks.py" in str(failed.__cause__) and "no such luck" in str(failed.__cause__)
    left = pool.submit(tasks.leave).exception(SECONDS)
    assert type(left) is SystemExit and left.code == "a task called sys.exit"
    odd = pool.submit(tasks.fail_oddly).exception(SECONDS)
    text = str(odd)
    assert type(odd) is TransferError and "tests.pool.tasks.NotAgain" in text and "1 and 2" in text
    lock = pool.submit(tasks.make_lock).exception(SECONDS)
    assert type(lock) is TransferError
    assert "the result cannot be sent" in str(lock) and "_thread.lock" in str(lock)
    assert pool.submit(tasks.double, 1).result(SECONDS) == 2


def test_what_cannot_be_pickled(pool: InterpreterPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cloudpickle", None)
    told = pool.submit(lambda: 1).exception(SECONDS)
    assert type(told) is TransferError
    assert "<lambda>" in str(told) and "pip install cloudpickle" in str(told)
    monkeypatch.setattr(tasks.add, "__module__", "__main__")
    monkeypatch.setattr(sys.modules["__main__"], "add", tasks.add, raising=False)
    told = pool.submit(tasks.add, 1, 2).exception(SECONDS)
    assert "add is defined in __main__" in str(told) and "pip install cloudpickle" in str(told)
    assert pool.submit(tasks.double, "__main__").result(SECONDS) == "__main__" * 2


def test_with_cloudpickle(pool: InterpreterPool) -> None:
    pytest.importorskip("cloudpickle", reason="pip install cloudpickle")
    offset = 40
    assert pool.submit(lambda value: value + offset, 2).result(SECONDS) == 42
    back = pool.submit(lambda: (lambda: 5))
    if sys.version_info < (3, 13):
        assert "cloudpickle sends from a worker on 3.13" in str(back.exception(SECONDS))
    else:
        assert back.result(SECONDS)() == 5


def test_imports_that_fail(pool: InterpreterPool) -> None:
    told = pool.submit(tasks.import_module, "no_such_module_1").exception(SECONDS)
    assert type(told) is ModuleNotFoundError and told.name == "no_such_module_1"
    assert any("pip install no_such_module_1" in note for note in told.__notes__)
    file = compile_snippet(
        "lonely",
        """
        #include <Python.h>
        static PyObject *answer(PyObject *self, PyObject *none) { return PyLong_FromLong(42); }
        static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL}};
        static struct PyModuleDef def = {PyModuleDef_HEAD_INIT, "lonely", NULL, -1, methods};
        PyMODINIT_FUNC PyInit_lonely(void) { return PyModule_Create(&def); }
        """,
        abi="cpython",
    )
    if sys.version_info[:3] == (3, 13, 0):
        pytest.skip("CPython 3.13.0 aborts when an interpreter refuses a module (docs/pool.md)")
    sys.path.insert(0, str(file.parent))
    try:
        import lonely  # pyright: ignore[reportMissingImports]

        with InterpreterPool(1) as own:  # its workers have this sys.path
            told = own.submit(lonely.answer).exception(SECONDS)
            late = own.submit(tasks.import_module, "lonely").exception(SECONDS)
    finally:
        sys.path.remove(str(file.parent))
    for each in (told, late):
        assert type(each) is ImportError and "lonely" in str(each)
        assert "does not support loading in subinterpreters" in str(each)
        assert any("python -m hpystate doctor lonely" in note for note in each.__notes__)


def test_cancelling(pool: InterpreterPool, pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    running = [pool.submit(tasks.spin, writer) for _ in range(2)]
    waiting = pool.submit(tasks.double, 1)
    for _ in running:
        os.read(reader, 1)
    assert not running[0].cancel() and waiting.cancel()
    with pytest.raises(CancelledError):
        waiting.result(SECONDS)
    for each in running:
        assert pool.interrupt(each)
        told = each.exception(SECONDS)
        assert type(told) is TaskInterrupted and "in spin" in str(told.__cause__)
        assert not pool.interrupt(each)
    stubborn = pool.submit(tasks.refuse_to_stop, writer)
    os.read(reader, 1)
    assert pool.interrupt(stubborn)
    assert stubborn.result(SECONDS) == "caught it"
    # An interrupt that comes late reaches no other task.
    for i in range(200):
        short = pool.submit(tasks.double, i)
        pool.interrupt(short)
        assert short.cancelled() or short.exception(SECONDS) is None or type(
            short.exception()
        ) is TaskInterrupted  # fmt: skip
        assert pool.submit(tasks.double, i).result(SECONDS) == 2 * i


def test_a_dead_worker_is_replaced_and_old_ones_too(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    with InterpreterPool(1) as pool:
        held = pool.submit(tasks.wait_for, reader)
        broken = pool.submit(tasks.break_the_worker)
        behind = pool.submit(tasks.double, 4)
        os.write(writer, b"x")
        assert held.result(SECONDS) == 1
        told = broken.exception(SECONDS)
        assert type(told) is WorkerDied and "Bad file descriptor" in str(told)
        assert behind.result(SECONDS) == 8
        rows = pool.counters()
        assert [(row.worker, row.tasks, row.errors) for row in rows] == [(0, 1, 1), (2, 1, 0)]
    with InterpreterPool(1, max_tasks_per_interpreter=2) as pool:
        used = [each.result(SECONDS) for each in [pool.submit(tasks.interpreter) for _ in "12345"]]
        assert used[0] == used[1] != used[2] == used[3] != used[4]


def test_shutdown(pipe: tuple[int, int]) -> None:
    reader, writer = pipe
    before = set(os.listdir("/proc/self/fd"))
    pool = InterpreterPool(1)
    held = pool.submit(tasks.wait_for, reader)
    while not held.running():
        time.sleep(0.001)
    waiting = pool.submit(tasks.double, 1)
    pool.shutdown(wait=False, cancel_futures=True)
    assert waiting.cancelled() and not held.done()
    with pytest.raises(RuntimeError, match="the pool was shut down; make a new InterpreterPool"):
        pool.submit(tasks.double, 1)
    os.write(writer, b"x")
    pool.shutdown()
    assert held.result(0) == 1
    pool.shutdown()  # again: nothing
    pool = InterpreterPool(1)
    pool.submit(tasks.double, 1).result(SECONDS)
    collector = pool._engine.collector
    del pool  # nobody has it: its worker ends
    collector.join(SECONDS)
    assert not collector.is_alive()
    del held, waiting, collector
    assert set(os.listdir("/proc/self/fd")) - before == set()


def test_a_worker_that_cannot_start() -> None:
    pool = InterpreterPool(2, initializer=tasks.fail, initargs=("the database is away",))
    futures = [pool.submit(tasks.double, i) for i in range(4)]
    wait(futures, SECONDS)
    for each in futures:
        told = each.exception(0)
        assert type(told) is BrokenInterpreterPool
        assert "could not start: ValueError: the database is away" in str(told)
        assert type(told.__cause__) is ValueError
    with pytest.raises(BrokenInterpreterPool):
        pool.submit(tasks.double, 1)
    pool.shutdown()
    with InterpreterPool(1, modules=["no_such_module_2"]) as pool:
        told = pool.submit(tasks.double, 1).exception(SECONDS)
        assert "ModuleNotFoundError: No module named 'no_such_module_2'" in str(told)


def test_where_the_system_gives_no_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller is told, no descriptor is left, and the pool can be tried again and shut down."""
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("hpystate-worker"):
            raise RuntimeError("can't start new thread")
        start(thread)

    pool = InterpreterPool(1)
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        before = len(os.listdir("/proc/self/fd"))
        for _ in range(3):
            with pytest.raises(RuntimeError, match="can't start new thread"):
                pool.submit(tasks.double, 1)
        assert len(os.listdir("/proc/self/fd")) == before
    assert pool.submit(tasks.double, 21).result(SECONDS) == 42
    pool.shutdown()


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"max_workers": 0}, ValueError, "max_workers is 0; 1 or more was expected"),
        ({"max_workers": 1.5}, TypeError, "max_workers is 1.5; a whole number was expected"),
        ({"max_tasks_per_interpreter": 0}, ValueError, "max_tasks_per_interpreter is 0"),
        ({"modules": "json"}, TypeError, r"modules is 'json'; a list of names was expected"),
        ({"initializer": 3}, TypeError, "initializer is 3; a function was expected"),
    ],
)
def test_bad_arguments(arguments: dict[str, object], error: type, text: str) -> None:
    with pytest.raises(error, match=text):
        InterpreterPool(**arguments)  # type: ignore[arg-type]
