"""test_thread.py: other threads run Python while this one has left it."""

from __future__ import annotations

from types import ModuleType

from tests.conftest import Child

SOURCE = r"""
#include <unistd.h>

FUNCTION(ask_outside) { /* tells that it has left, then waits for an answer of a Python thread */
    int say = (int)SIZE(0), hear = (int)SIZE(1);
    char byte = 0;
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    ssize_t count = write(say, "?", 1) == 1 ? read(hear, &byte, 1) : 0;
    HPy_ReenterPythonExecution(ctx, state);
    if (count != 1) return wrong(ctx, "there was no answer");
    return HPyLong_FromLong(ctx, byte);
}
FUNCTION(twice) {
    HPyThreadState state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    state = HPy_LeavePythonExecution(ctx);
    HPy_ReenterPythonExecution(ctx, state);
    return HPyUnicode_FromString(ctx, "back");
}
"""


def test_another_thread_runs_while_this_one_has_left(c: ModuleType, child: Child) -> None:
    ended = child(
        f"""
import hpystate, os, threading
c = hpystate.load({c.__name__!r}, {c.__file__!r})
heard, say = os.pipe()
hear, answer = os.pipe()

def answering():
    os.read(heard, 1)  # after this the thread needs the GIL that the other one has left
    os.write(answer, b"*")

threading.Thread(target=answering, daemon=True).start()
print(c.ask_outside(say, hear))
""",
        timeout=30,
    )

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "42\n"


def test_a_thread_can_leave_and_reenter_again(c: ModuleType) -> None:
    assert c.twice() == "back"
