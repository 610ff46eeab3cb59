"""test_daemon_threads.py: a daemon thread that is inside the extension when the interpreter ends.

CPython ends such a thread as soon as it wants to run Python code again: 3.12 and 3.13 by
pthread_exit, which unwinds the C stack; 3.14 lets it hang. The process must end as it would have
without the thread. Each case is a process of its own; the control is the same without us.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

from hpystate.testing import compile_snippet

SOURCE = r"""
    #include <hpy.h>
    #include <hpystate/fused.h>
    #include <unistd.h>

    static HPyGlobal kept;

    HPyDef_METH(call, "call", HPyFunc_O)
    static HPy call_impl(HPyContext *ctx, HPy self, HPy callable) {
        return HPy_Call(ctx, callable, NULL, 0, HPy_NULL);
    }
    HPyDef_METH(call_kept, "call_kept", HPyFunc_O)
    static HPy call_kept_impl(HPyContext *ctx, HPy self, HPy callable) {
        HPyGlobal_Store(ctx, &kept, callable);
        return HPy_Call_g(ctx, kept, NULL, 0, HPy_NULL);
    }
    HPyDef_METH(length, "length", HPyFunc_O)
    static HPy length_impl(HPyContext *ctx, HPy self, HPy callable) {
        return HPyLong_FromSsize_t(ctx, HPy_Length(ctx, callable));
    }
    static HPy make(HPyContext *ctx, void *callable) {
        return HPy_Call(ctx, *(HPy *)callable, NULL, 0, HPy_NULL);
    }
    HPyDef_METH(first_value, "first_value", HPyFunc_O)
    static HPy first_value_impl(HPyContext *ctx, HPy self, HPy callable) {
        return HPyGlobal_LoadOrInit(ctx, &kept, make, &callable);
    }
    HPyDef_METH(leave, "leave", HPyFunc_O)
    static HPy leave_impl(HPyContext *ctx, HPy self, HPy callable) {
        HPyTracker tracker = HPyTracker_New(ctx, 1);
        HPy_BEGIN_LEAVE_PYTHON(ctx);
        for (int i = 0; i < 100; ++i) usleep(20000);
        HPy_END_LEAVE_PYTHON(ctx);
        HPyTracker_Close(ctx, tracker);
        return HPy_Dup(ctx, ctx->h_None);
    }

    static HPyDef *defines[] = {&call, &call_kept, &length, &first_value, &leave, NULL};
    static HPyGlobal *globals[] = {&kept, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(daemons, definition)
"""

SCRIPT = """
import os, sys, threading, time, types

class Slow:
    def __call__(self):
        started.set()
        for _ in range(100):
            time.sleep(0.02)  # the thread ends at the first one that returns after the end began
    __len__ = __call__

class Last:
    def __del__(self, sleep=time.sleep, write=os.write):
        sleep(0.3)  # the thread wakes while the interpreter ends
        write(1, b"ended\\n")

started = threading.Event()
path, mode, name = sys.argv[1:]
if mode == "control":
    function = lambda slow: slow()
else:
    import hpystate
    function = getattr(hpystate.load("daemons", path, mode=mode), name)
    if name == "leave":
        started.set()
threading.Thread(target=function, args=(Slow(),), daemon=True).start()
started.wait()
time.sleep(0.05)
last = sys.modules["last"] = types.ModuleType("last")  # goes late; the thread keeps this one
last.object = Last()
del last
print("ends", flush=True)
"""

# A destructor that runs while the interpreter ends asks for what the thread was making.
ASKING = """
import os, sys, threading, time, types
sys.path[:] = {path!r}
import hpystate

class Slow:
    def __call__(self):
        started.set()
        for _ in range(100):
            time.sleep(0.02)

class Last:
    def __del__(self, sleep=time.sleep, write=os.write):
        sleep(0.3)  # the thread is stopped now, and its value will never be there
        try:
            self.ask(lambda: 5)
        except RuntimeError as error:
            write(1, str(error).encode() + b"\\n")
        write(1, b"ended\\n")

started = threading.Event()
Last.ask = staticmethod(hpystate.load("daemons", {file!r}, mode={mode!r}).first_value)
threading.Thread(target=Last.ask, args=(Slow(),), daemon=True).start()
started.wait()
time.sleep(0.05)
last = sys.modules["last"] = types.ModuleType("last")
last.object = Last()
del last
print("ends", flush=True)
"""


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
@pytest.mark.parametrize("name", ["call", "call_kept", "length", "first_value", "leave"])
def test_the_process_ends_as_it_would_without_the_thread(mode: str, name: str) -> None:
    child = run(SCRIPT, str(compile_snippet("daemons", SOURCE)), mode, name)

    assert (child.returncode, child.stdout) == (0, "ends\nended\n"), child.stderr


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_a_wait_for_a_value_that_such_a_thread_was_making_is_refused(mode: str) -> None:
    check_refusal(run(asking(mode)))


@pytest.mark.skipif(
    sys.version_info < (3, 14),
    reason="before 3.14 CPython aborts where a subinterpreter ends that has threads; "
    "`tools/get-python.sh 3.14 FOLDER` gets a later one",
)
def test_and_so_it_is_where_a_subinterpreter_ends() -> None:
    script = f"""
import _interpreters
one = _interpreters.create("legacy")
assert _interpreters.run_string(one, {asking("universal")!r}) is None
_interpreters.destroy(one)
"""
    check_refusal(run(script))


def asking(mode: str) -> str:
    file = str(compile_snippet("daemons", SOURCE))
    return ASKING.format(path=sys.path, file=file, mode=mode)


def check_refusal(child: subprocess.CompletedProcess[str]) -> None:
    assert child.returncode == 0, child.stderr
    first, message, last = child.stdout.splitlines()
    assert (first, last) == ("ends", "ended")
    assert message.startswith("HPyGlobal_LoadOrInit: the first value of kept, globals[0] of ")
    assert "by a thread that Python has stopped" in message


def test_control() -> None:
    child = run(SCRIPT, "none", "control", "call")

    assert (child.returncode, child.stdout) == (0, "ends\nended\n"), child.stderr


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
