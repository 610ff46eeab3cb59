"""test_signals.py: a thread that waits for a first value hears signals, as who waits for a lock.

Each case is a process of its own, with a time limit. `threading.Lock.acquire` is the control: the
same script waits for a lock that another thread holds, with no extension in between.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hpystate.testing import compile_snippet
from tests.conftest import Child

SOURCE = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    #include <Python.h>

    static HPyGlobal kept;

    static HPy make(HPyContext *ctx, void *callable) {
        return HPy_Call(ctx, *(HPy *)callable, NULL, 0, HPy_NULL);
    }
    HPyDef_METH(first_value, "first_value", HPyFunc_O)
    static HPy first_value_impl(HPyContext *ctx, HPy self, HPy callable) {
        return HPyGlobal_LoadOrInit(ctx, &kept, make, &callable);
    }

    /* Asks while an exception is set, as clean-up code does. */
    HPyDef_METH(fail_and_ask, "fail_and_ask", HPyFunc_O)
    static HPy fail_and_ask_impl(HPyContext *ctx, HPy self, HPy callable) {
        HPyErr_SetString(ctx, ctx->h_KeyError, "in flight");
        HPy_Close(ctx, HPyGlobal_LoadOrInit(ctx, &kept, make, &callable));
        return HPy_NULL;
    }

    /* The same with the exception that the callable raises. */
    HPyDef_METH(raise_and_ask, "raise_and_ask", HPyFunc_O)
    static HPy raise_and_ask_impl(HPyContext *ctx, HPy self, HPy callable) {
        HPy_Close(ctx, HPy_Call(ctx, callable, NULL, 0, HPy_NULL));
        HPy_Close(ctx, HPyGlobal_LoadOrInit(ctx, &kept, make, &callable));
        return HPy_NULL;
    }

    static int call_pending(void *object) {
        PyObject *result = PyObject_CallNoArgs(object);
        Py_XDECREF(result);
        return result != NULL ? 0 : -1;
    }
    HPyDef_METH(add_pending, "add_pending", HPyFunc_O)
    static HPy add_pending_impl(HPyContext *ctx, HPy self, HPy callable) {
        if (Py_AddPendingCall(call_pending, HPy_AsPyObject(ctx, callable)) < 0) {
            HPyErr_SetString(ctx, ctx->h_RuntimeError, "no room for a pending call");
            return HPy_NULL;
        }
        return HPy_Dup(ctx, ctx->h_None);
    }

    static HPyDef *defines[] = {&first_value, &fail_and_ask, &raise_and_ask, &add_pending, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(signalled, definition)
"""

SCRIPT = """
import os, signal, sys, threading, time
path, mode = sys.argv[1:]
begun, said = threading.Event(), []

def slow():
    begun.set()
    until = time.monotonic() + 2
    while time.monotonic() < until:
        time.sleep(0.05)
    return "made"

if mode == "control":
    held = threading.Lock()
    def maker():
        with held:
            slow()
    def ask():
        with held:
            return "made"
else:
    import hpystate
    module = hpystate.load("signalled", path, mode=mode)
    def maker():
        said.append(module.first_value(slow))
    def ask():
        return module.first_value(lambda: "made again")

def start():
    thread = threading.Thread(target=maker)
    thread.start()
    begun.wait()
    return thread, time.monotonic()
"""

HANDLER_RUNS = """
thread, since = start()
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic() - since))
signal.setitimer(signal.ITIMER_REAL, 0.3)
got = ask()
took = time.monotonic() - since
thread.join()
print(got, len(heard), heard[0] < 1, took > 1.5)
"""

HANDLER_RAISES = """
thread, since = start()
signal.signal(signal.SIGALRM, signal.default_int_handler)
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    ask()
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - since < 1, thread.is_alive())
print(ask())  # waits once more
thread.join()
print(ask())
"""

MANY_SIGNALS = """
thread, since = start()
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(1))
signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
waiters = [threading.Thread(target=ask) for _ in range(3)]
for waiter in waiters:
    waiter.start()
print(ask(), len(heard) > 20)
signal.setitimer(signal.ITIMER_REAL, 0)
for waiter in [thread, *waiters]:
    waiter.join()
"""

HANDLER_ASKS = """
thread, since = start()
def handler(*_):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    signal.signal(signal.SIGALRM, inner)
    print("the handler gets", ask())
def inner(*_):
    print("heard in the handler", time.monotonic() - since < 1)
signal.signal(signal.SIGALRM, handler)
signal.setitimer(signal.ITIMER_REAL, 0.2)
print(ask())
thread.join()
"""

OTHER_THREADS_GO_ON = """
heard, got = [], []
thread, since = start()
waiter = threading.Thread(target=lambda: got.append(ask()))
waiter.start()
def handler(*_):
    heard.append(threading.current_thread() is threading.main_thread())
signal.signal(signal.SIGUSR1, handler)
time.sleep(0.3)
signal.pthread_kill(waiter.ident, signal.SIGUSR1)
waiter.join()
thread.join()
print(got, heard)
"""

# The kernel gives the signal to a thread that does not block it, and that is not the main one.
SIGNAL_FOR_ANOTHER_THREAD = """
heard = []
signal.signal(signal.SIGALRM, lambda *_: heard.append(time.monotonic() - since))
thread, since = start()
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
signal.setitimer(signal.ITIMER_REAL, 0.3)
print(ask(), heard[0] < 1)
thread.join()
"""

PENDING_CALL = """
thread, since = start()
heard = []
def later():
    time.sleep(0.3)
    module.add_pending(lambda: heard.append(time.monotonic() - since))
threading.Thread(target=later).start()
print(ask(), heard[0] < 1)
thread.join()
"""

EXCEPTION_IN_FLIGHT = """
def handler(*_):
    heard.append(time.monotonic() - since < 1)
    if raises:
        raise OSError("the handler's")
heard = []
signal.signal(signal.SIGALRM, handler)
thread, since = start()
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    module.fail_and_ask(lambda: None)
except (KeyError, OSError) as error:
    print(repr(error), repr(error.__context__), heard)
thread.join()
"""

SAME_EXCEPTION = """
shared = ValueError("one for both")
def handler(*_):
    raise shared
def fail():
    raise shared
signal.signal(signal.SIGALRM, handler)
thread, since = start()
signal.setitimer(signal.ITIMER_REAL, 0.3)
try:
    module.raise_and_ask(fail)
except ValueError as error:
    print(error is shared, error.__context__, time.monotonic() - since < 1)
thread.join()
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("signalled", SOURCE, abi="hybrid")


@pytest.mark.parametrize("mode", ["control", "universal", "debug", "trace"])
def test_a_handler_runs_while_the_main_thread_waits(child: Child, file: Path, mode: str) -> None:
    result = child(SCRIPT + HANDLER_RUNS, str(file), mode)

    assert (result.returncode, result.stdout) == (0, "made 1 True True\n"), result.stderr


@pytest.mark.parametrize("mode", ["control", "universal", "debug", "trace"])
def test_what_a_handler_raises_ends_the_wait_and_leaves_the_maker_alone(
    child: Child, file: Path, mode: str
) -> None:
    result = child(SCRIPT + HANDLER_RAISES, str(file), mode)

    assert result.returncode == 0, result.stderr
    assert result.stdout == "interrupted True True\nmade\nmade\n"


@pytest.mark.parametrize("mode", ["control", "universal"])
def test_signals_without_number_keep_nobody_from_the_value(
    child: Child, file: Path, mode: str
) -> None:
    result = child(SCRIPT + MANY_SIGNALS, str(file), mode)

    assert (result.returncode, result.stdout) == (0, "made True\n"), result.stderr


def test_a_handler_may_ask_for_what_its_thread_waits_for(child: Child, file: Path) -> None:
    result = child(SCRIPT + HANDLER_ASKS, str(file), "universal")

    assert result.returncode == 0, result.stderr
    assert result.stdout == "heard in the handler True\nthe handler gets made\nmade\n"


@pytest.mark.parametrize("mode", ["control", "universal"])
def test_a_signal_wakes_no_other_thread_for_good(child: Child, file: Path, mode: str) -> None:
    result = child(SCRIPT + OTHER_THREADS_GO_ON, str(file), mode)

    assert (result.returncode, result.stdout) == (0, "['made'] [True]\n"), result.stderr


def test_a_signal_that_another_thread_gets_is_heard_too(child: Child, file: Path) -> None:
    result = child(SCRIPT + SIGNAL_FOR_ANOTHER_THREAD, str(file), "universal")

    assert (result.returncode, result.stdout) == (0, "made True\n"), result.stderr


def test_a_pending_call_runs_while_the_main_thread_waits(child: Child, file: Path) -> None:
    result = child(SCRIPT + PENDING_CALL, str(file), "universal")

    assert (result.returncode, result.stdout) == (0, "made True\n"), result.stderr


@pytest.mark.parametrize("raises", [False, True])
def test_an_exception_in_flight_survives_a_handler(child: Child, file: Path, raises: bool) -> None:
    result = child(f"raises = {raises}\n" + SCRIPT + EXCEPTION_IN_FLIGHT, str(file), "universal")

    assert result.returncode == 0, result.stderr
    expected = (
        """OSError("the handler's") KeyError('in flight') [True]"""
        if raises
        else "KeyError('in flight') None [True]"
    )
    assert result.stdout == expected + "\n"


def test_a_handler_that_raises_the_exception_in_flight_makes_no_circle(
    child: Child, file: Path
) -> None:
    result = child(SCRIPT + SAME_EXCEPTION, str(file), "universal")

    assert (result.returncode, result.stdout) == (0, "True None True\n"), result.stderr
