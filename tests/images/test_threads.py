"""test_threads.py: threads of C code and pending calls find the interpreter of their image."""

from __future__ import annotations

import pytest

from tests.images.conftest import Script
from tests.images.made import MULTI, SINGLE, compiled

CALLS = 5_000
#: run(calls, function): a C thread without a thread state calls the function so many times, each
#: between PyGILState_Ensure and PyGILState_Release; how many calls were in another interpreter.
#: pend(): a C thread calls Py_AddPendingCall. pended(): the interpreter that the call ran in; -1.
THREADS = """
    #include <Python.h>
    #include <pthread.h>
    static long wrong, calls, failed;
    static int64_t mine, pending = -1;
    static PyObject *function;

    static int64_t here(void) { return PyInterpreterState_GetID(PyInterpreterState_Get()); }

    static void *work(void *unused) {
        for (long i = 0; i < calls; ++i) {
            PyGILState_STATE state = PyGILState_Ensure();
            if (here() != mine) {
                ++wrong;
            } else if (function != Py_None) {
                PyObject *result = PyObject_CallNoArgs(function);
                if (result == NULL) PyErr_Clear();
                if (result == NULL) ++failed;
                Py_XDECREF(result);
            }
            PyGILState_Release(state);
        }
        return NULL;
    }
    static int in_thread(void *(*what)(void *)) {
        pthread_t thread;
        int status;
        Py_BEGIN_ALLOW_THREADS
        status = pthread_create(&thread, NULL, what, NULL);
        if (status == 0) status = pthread_join(thread, NULL);
        Py_END_ALLOW_THREADS
        if (status != 0) PyErr_SetString(PyExc_OSError, "no thread");
        return status;
    }
    static PyObject *run(PyObject *self, PyObject *args) {
        mine = here();
        wrong = failed = 0;
        if (!PyArg_ParseTuple(args, "lO", &calls, &function)) return NULL;
        if (in_thread(work) != 0) return NULL;
        return Py_BuildValue("ll", wrong, failed);
    }
    static int note(void *unused) { pending = here(); return 0; }
    static void *add(void *unused) { Py_AddPendingCall(note, NULL); return NULL; }
    static PyObject *pend(PyObject *self, PyObject *unused) {
        if (in_thread(add) != 0) return NULL;
        Py_RETURN_NONE;
    }
    static PyObject *pended(PyObject *self, PyObject *unused) {
        return PyLong_FromLongLong(pending);
    }
    static PyMethodDef methods[] = {
        {"run", run, METH_VARARGS, NULL}, {"pend", pend, METH_NOARGS, NULL},
        {"pended", pended, METH_NOARGS, NULL}, {NULL}};
    static PyModuleDef_Slot slots[] = {{0, NULL}};
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&definition); }
"""
ISOLATED = "import hpystate; hpystate.isolate('threads')"
UNCHECKED = "import _imp; _imp._override_multi_interp_extensions_check(-1)"


@pytest.mark.parametrize("gil", ["own", "shared"])
def test_a_thread_of_c_reaches_the_interpreter_of_its_image(script: Script, gil: str) -> None:
    answer = script(
        f"""
        import threads
        answer = []
        with Interpreter({gil!r}) as first, Interpreter({gil!r}) as second:
            for each in (first, second):
                each.run("{ISOLATED}; import threads; calls = []")
            for each in (first, second, first):
                answer += each.run(
                    "answer = threads.run({CALLS}, lambda: calls.append(1)); "
                    "answer += (len(calls),)"
                )
        answer += threads.run({CALLS}, None)
        """,
        compiled("threads", THREADS),
    )
    assert answer == [0, 0, CALLS, 0, 0, CALLS, 0, 0, 2 * CALLS, 0, 0]


@pytest.mark.long
def test_a_hundred_thousand_calls_of_a_thread_reach_the_interpreter_of_its_image(
    script: Script,
) -> None:
    answer = script(
        f"""
        with Interpreter() as first:
            answer = first.run("{ISOLATED}; import threads; answer = threads.run(100_000, int)")
        """,
        compiled("threads", THREADS),
        timeout=600,
    )
    assert answer == [0, 0]


def test_in_plain_cpython_such_a_thread_reaches_the_main_interpreter(script: Script) -> None:
    answer = script(
        f"""
        with Interpreter() as first:
            first.run("{UNCHECKED}; import threads")
            answer = first.run("answer = threads.run(200, None)")
        """,
        compiled("threads", THREADS),
    )
    assert answer == [200, 0]


def test_threads_of_two_interpreters_at_once(script: Script) -> None:
    answer = script(
        f"""
        import threading
        answer = []
        def at_work(each):
            each.run("{ISOLATED}; import threads")
            for _ in range(5):
                answer.append(each.run("answer = threads.run({CALLS // 5}, int)"))
        with Interpreter() as first, Interpreter() as second:
            both = [threading.Thread(target=at_work, args=(each,)) for each in (first, second)]
            for each in both: each.start()
            for each in both: each.join()
        """,
        compiled("threads", THREADS),
    )
    assert answer == [[0, 0]] * 10


#: The pending call runs when the main thread is in the main interpreter again.
PENDING = """
    with Interpreter() as first:
        first.run("{begin}; import threads; threads.pend()")
        for _ in range(1000):
            pass
        ran_in = first.run("answer = threads.pended()")
        answer = [ran_in == first.id, ran_in == 0]
"""


def test_a_pending_call_runs_in_the_interpreter_of_its_image(script: Script) -> None:
    answer = script(PENDING.format(begin=ISOLATED), compiled("threads", THREADS))

    assert answer == [True, False]


def test_in_plain_cpython_a_pending_call_runs_in_the_main_interpreter(script: Script) -> None:
    answer = script(PENDING.format(begin=UNCHECKED), compiled("threads", THREADS))

    assert answer == [False, True]


def test_eight_interpreters_at_once_have_statics_of_their_own(script: Script) -> None:
    """Each counts in its own thread, on its own GIL, in files that all of them import at once."""
    answer = script(
        """
        import threading
        import single
        answer = []
        begin = threading.Barrier(9)
        def at_work(each):
            begin.wait()
            answer.append(each.run('''
                import hpystate
                hpystate.isolate("single", "multi")
                import single, multi
                for number in range(20_000):
                    multi.put((number,))
                    if single.bump() != number + 1 or multi.get() != (number,):
                        raise AssertionError(number)
                answer = single.bump()
            '''))
        with ExitStack() as stack:
            made = [stack.enter_context(Interpreter()) for _ in range(8)]
            workers = [threading.Thread(target=at_work, args=(each,)) for each in made]
            for worker in workers: worker.start()
            begin.wait()
            for _ in range(1000): single.bump()
            for worker in workers: worker.join()
        answer.append(single.bump())
        """,
        compiled("single", SINGLE),
        compiled("multi", MULTI),
    )
    assert answer == [20_001] * 8 + [1001]


#: begin(wait, told, kind): a C thread waits until it can read a byte from `wait`. Then it calls, by
#: kind, PyGILState_Ensure or Py_AddPendingCall, and writes to `told`: "e" when Ensure has returned,
#: "a" when the call was added, "r" when it runs.
LATE = """
    #include <Python.h>
    #include <pthread.h>
    #include <unistd.h>
    static int wait_for, told, kind;
    static void tell(char what) { if (write(told, &what, 1) != 1) abort(); }
    static int pending(void *unused) { tell('r'); return 0; }
    static void *work(void *unused) {
        char byte;
        if (read(wait_for, &byte, 1) != 1) abort();
        if (kind == 'p') {
            if (Py_AddPendingCall(pending, NULL) != 0) abort();
            tell('a');
            return NULL;
        }
        PyGILState_STATE state = PyGILState_Ensure();
        tell('e');
        PyGILState_Release(state);
        return NULL;
    }
    static PyObject *begin(PyObject *self, PyObject *args) {
        pthread_t thread;
        if (!PyArg_ParseTuple(args, "iiC", &wait_for, &told, &kind)) return NULL;
        if (pthread_create(&thread, NULL, work, NULL) != 0) return PyErr_NoMemory();
        pthread_detach(thread);
        Py_RETURN_NONE;
    }
    static PyMethodDef methods[] = {{"begin", begin, METH_VARARGS, NULL}, {NULL}};
    static PyModuleDef_Slot slots[] = {{0, NULL}};
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "NAME", NULL, 0, methods, slots};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModuleDef_Init(&definition); }
"""


@pytest.mark.parametrize(
    ("kind", "ended", "seen"),
    [("g", False, "e"), ("g", True, ""), ("p", False, "ar"), ("p", True, "a")],
    ids=["Ensure", "Ensure, too late", "AddPendingCall", "AddPendingCall, too late"],
)
def test_a_thread_that_is_later_than_its_interpreter_touches_nothing(
    script: Script, kind: str, ended: bool, seen: str
) -> None:
    answer = script(
        f"""
        import os, select, time
        wait, go = os.pipe()
        heard, told = os.pipe()
        os.set_blocking(heard, False)
        each = Interpreter()
        each.run(f"import hpystate; hpystate.isolate('late'); import late")
        each.run(f"late.begin({{wait}}, {{told}}, {kind!r})")
        if {ended}:
            each.close()
        os.write(go, b"g")
        answer, end = "", time.monotonic() + 1
        while time.monotonic() < end and len(answer) < {len(seen) + ended}:
            if select.select([heard], [], [], 0.01)[0]:
                answer += os.read(heard, 100).decode()
        each.close()
        """,
        compiled("late", LATE),
    )
    assert answer == seen
