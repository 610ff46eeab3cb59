"""test_tracker.py: handles that are closed together, also where memory is missing."""

from __future__ import annotations

from types import ModuleType

import pytest

from tests.conftest import Child
from tests.context.snippet import NULL, references

SOURCE = r"""
FUNCTION(close) { /* a size, then the objects; the tracker closes a duplicate of each */
    HPyTracker tracker = HPyTracker_New(ctx, SIZE(0));
    if (tracker._i == 0) return HPy_NULL;
    int failed = 0;
    for (size_t i = 1; i < nargs && !failed; i++)
        failed = HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, ARG(i))) < 0;
    HPyTracker_Close(ctx, tracker);
    return failed ? HPy_NULL : done(ctx);
}
FUNCTION(forget) {
    HPyTracker tracker = HPyTracker_New(ctx, SIZE(0));
    HPy kept = HPy_Dup(ctx, ARG(1)), closed = HPy_Dup(ctx, ARG(1));
    HPyTracker_Add(ctx, tracker, kept);
    HPyTracker_ForgetAll(ctx, tracker);
    HPyTracker_Add(ctx, tracker, closed);
    HPyTracker_Close(ctx, tracker);
    return kept;
}
FUNCTION(null_add) { return status(ctx, HPyTracker_Add(ctx, (HPyTracker){0}, ARG(0))); }
FUNCTION(null_forget) { HPyTracker_ForgetAll(ctx, (HPyTracker){0}); return done(ctx); }
FUNCTION(null_close) { HPyTracker_Close(ctx, (HPyTracker){0}); return done(ctx); }
FUNCTION(exhaust) { /* Add until it fails, then once more */
    HPyTracker tracker = HPyTracker_New(ctx, 0);
    HPy_ssize_t added = 0;
    while (HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, ARG(0))) == 0) added++;
    int memory = HPyErr_ExceptionMatches(ctx, ctx->h_MemoryError);
    HPyErr_Clear(ctx);
    HPy last = HPy_Dup(ctx, ARG(0));
    int again = HPyTracker_Add(ctx, tracker, last);
    int memory_again = HPyErr_ExceptionMatches(ctx, ctx->h_MemoryError);
    HPyErr_Clear(ctx);
    HPyTracker_Close(ctx, tracker);
    HPy_Close(ctx, last); /* not taken: Add said so twice */
    return HPy_BuildValue(ctx, "niii", added, memory, again, memory_again);
}
"""


@pytest.mark.parametrize("size", [0, 1, 100])
@pytest.mark.parametrize("count", [0, 1, 50])
def test_a_closed_tracker_closed_its_handles(c: ModuleType, size: int, count: int) -> None:
    item = object()
    before = references(item)

    c.close(size, *[item] * count)

    assert references(item) == before


def test_a_null_handle_is_tracked_and_harmless(c: ModuleType) -> None:
    assert c.close(0, NULL, NULL) is None


def test_handles_that_were_forgotten_stay_open(c: ModuleType) -> None:
    item = object()
    before = references(item)

    kept = c.forget(0, item)

    assert kept is item
    assert references(item) == before + 1


def test_a_negative_size_is_a_value_error(c: ModuleType) -> None:
    with pytest.raises(ValueError, match="^HPyTracker_New: the size -1 is negative"):
        c.close(-1)


@pytest.mark.parametrize("size", [1 << 58, (1 << 63) - 1])
def test_a_size_beyond_all_memory_is_a_memory_error(c: ModuleType, size: int) -> None:
    with pytest.raises(MemoryError):
        c.close(size)


def test_adding_to_a_null_tracker_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTracker_Add: the tracker is null"):
        c.null_add(1)


def test_forgetting_in_a_null_tracker_is_a_system_error(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="^HPyTracker_ForgetAll: the tracker is null"):
        c.null_forget()


def test_closing_a_null_tracker_does_nothing(c: ModuleType) -> None:
    assert c.null_close() is None


def test_an_add_without_memory_fails_and_loses_no_handle(c: ModuleType, child: Child) -> None:
    ended = child(f"""
import hpystate, resource, sys
c = hpystate.load({c.__name__!r}, {c.__file__!r})
item = object()
before = sys.getrefcount(item)
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (64 << 20),) * 2)
added, *told = c.exhaust(item)
print(told, sys.getrefcount(item) - before, added > 1000)
""")

    assert ended.returncode == 0, ended.stderr
    assert ended.stdout == "[1, -1, 1] 0 True\n"
