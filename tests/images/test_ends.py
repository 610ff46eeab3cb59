"""test_ends.py: what code of an image may do while its interpreter, or a thread of it, ends."""

from __future__ import annotations

import sys

import pytest

from tests.images.conftest import Script
from tests.images.made import MULTI_END, compiled

#: Its m_free, and the destructor of a capsule that the codecs of the interpreter keep, attach.
LAST = """
    #include <Python.h>
    static long freed;
    static void attach(void) {
        PyGILState_STATE state = PyGILState_Ensure();
        fprintf(stderr, "freed %ld\\n", ++freed);
        PyGILState_Release(state);
    }
    static void on_free(void *module) { attach(); }
    static void gone(PyObject *capsule) { attach(); }
    static PyObject *make(PyObject *self, PyObject *unused) {
        return PyCapsule_New((void *)1, NULL, gone);
    }
    static PyMethodDef methods[] = {{"make", make, METH_NOARGS, NULL}, {NULL}};
    static struct PyModuleDef definition = {
        PyModuleDef_HEAD_INIT, "NAME", NULL, -1, methods, NULL, NULL, NULL, on_free};
    PyMODINIT_FUNC PyInit_NAME(void) { return PyModule_Create(&definition); }
"""


def test_destructors_at_the_end_of_the_interpreter_may_attach(script: Script) -> None:
    """The thread that ends the interpreter is attached to it until the last object is gone."""
    answer = script(
        """
        import os, tempfile
        with tempfile.TemporaryFile() as told:
            os.dup2(told.fileno(), 2)
            with Interpreter() as first:
                first.run('''
                    import codecs, hpystate
                    hpystate.isolate("last")
                    import last
                    kept = last.make()
                    codecs.register(lambda name, kept=kept: None)
                ''')
            told.seek(0)
            answer = told.read().decode().split()
        """,
        compiled("last", LAST),
    )
    assert answer == ["freed", "1", "freed", "2"]


#: run(): a thread that attached ends, and the destructor of its key attaches once more.
KEY = (
    """
    #include <Python.h>
    #include <pthread.h>
    static pthread_key_t key;
    static long attached;
    static void at_exit(void *unused) {
        PyGILState_STATE state = PyGILState_Ensure();
        ++attached;
        PyGILState_Release(state);
        char *block[3];
        for (int i = 0; i < 3; ++i) memset(block[i] = malloc(24), 1, 24);
        for (int i = 0; i < 3; ++i) free(block[i]);
    }
    static void *work(void *unused) {
        pthread_setspecific(key, (void *)1);
        PyGILState_STATE state = PyGILState_Ensure();
        PyGILState_Release(state);
        return NULL;
    }
    static PyObject *run(PyObject *self, PyObject *unused) {
        pthread_t thread;
        int status;
        Py_BEGIN_ALLOW_THREADS
        status = pthread_create(&thread, NULL, work, NULL);
        if (status == 0) status = pthread_join(thread, NULL);
        Py_END_ALLOW_THREADS
        if (status != 0) return PyErr_Format(PyExc_OSError, "no thread");
        return PyLong_FromLong(attached);
    }
    static PyMethodDef methods[] = {{"run", run, METH_NOARGS, NULL}, {NULL}};
    static int on_exec(PyObject *module) { return pthread_key_create(&key, at_exit); }
"""
    + MULTI_END
)


def test_the_destructor_of_a_threads_key_may_attach(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MALLOC_PERTURB_", "85")  # what is freed is overwritten
    answer = script(
        """
        with Interpreter() as first:
            first.run("import hpystate; hpystate.isolate('keyed'); import keyed")
            answer = first.run("for _ in range(200): answer = keyed.run()")
        """,
        compiled("keyed", KEY),
    )
    assert answer == 200


#: start(n): n threads that attach and detach until the process ends, or they are stopped.
LOOPS = (
    """
    #include <Python.h>
    #include <pthread.h>
    static void *work(void *unused) {
        for (;;) {
            PyGILState_STATE state = PyGILState_Ensure();
            PyObject *list = PyList_New(3);
            Py_XDECREF(list);
            PyGILState_Release(state);
        }
        return NULL;
    }
    static PyObject *start(PyObject *self, PyObject *number) {
        for (long left = PyLong_AsLong(number); left > 0; --left) {
            pthread_t thread;
            if (pthread_create(&thread, NULL, work, NULL) != 0)
                return PyErr_Format(PyExc_OSError, "no thread");
            pthread_detach(thread);
        }
        Py_RETURN_NONE;
    }
    static int note(void *unused) { return 0; }
    static PyObject *pend(PyObject *self, PyObject *unused) {
        return PyLong_FromLong(Py_AddPendingCall(note, NULL));
    }
    static PyMethodDef methods[] = {
        {"start", start, METH_O, NULL}, {"pend", pend, METH_NOARGS, NULL}, {NULL}};
    static int on_exec(PyObject *module) { return 0; }
"""
    + MULTI_END
)


@pytest.mark.skipif(
    sys.version_info < (3, 13),
    reason="3.12.1 crashes in one run of six when the interpreter ends; the cause is not known",
)
def test_an_interpreter_ends_while_threads_enter_it(script: Script) -> None:
    """It waits for those inside, and those that come later stop."""
    answer = script(
        """
        import time
        answer = 0
        for _ in range(15):
            with Interpreter() as each:
                each.run("import hpystate; hpystate.isolate('loops'); import loops")
                each.run("loops.start(2)")
                time.sleep(0.01)
            answer += 1
        """,
        compiled("loops", LOOPS),
        timeout=120,
    )
    assert answer == 15


def test_an_interpreter_ends_while_pending_calls_wait_for_it(script: Script) -> None:
    """Main runs them in that interpreter, or finds that it has ended."""
    answer = script(
        """
        import threading

        def life():
            for _ in range(20):
                with Interpreter() as each:
                    each.run("import hpystate; hpystate.isolate('loops'); import loops")
                    for _ in range(3):
                        each.run("loops.pend()")
                done.append(1)

        done = []
        thread = threading.Thread(target=life)
        thread.start()
        while thread.is_alive():
            for _ in range(100):
                pass
        answer = len(done)
        """,
        compiled("loops", LOOPS),
        timeout=120,
    )
    assert answer == 20
