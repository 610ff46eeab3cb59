"""test_debug_crash.py: where debug mode or the kernel ends the process, stderr says why and where.

Each case is a process of its own.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet

SOURCE = r"""
    #include <hpy.h>
    #include <signal.h>
    #include <string.h>
    #include <unistd.h>

    static const char *text;
    static HPyContext *kept_context;
    static HPy kept;

    HPyDef_METH(keep_utf8, "keep_utf8", HPyFunc_O)
    static HPy keep_utf8_impl(HPyContext *ctx, HPy self, HPy arg) {
        kept = HPy_Dup(ctx, arg);
        text = HPyUnicode_AsUTF8AndSize(ctx, kept, NULL);
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)strlen(text));
    }
    HPyDef_METH(keep_bytes, "keep_bytes", HPyFunc_O)
    static HPy keep_bytes_impl(HPyContext *ctx, HPy self, HPy arg) {
        kept = HPy_Dup(ctx, arg);
        text = HPyBytes_AsString(ctx, kept);
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)strlen(text));
    }
    HPyDef_METH(keep_name, "keep_name", HPyFunc_O)
    static HPy keep_name_impl(HPyContext *ctx, HPy self, HPy arg) {
        kept = HPy_Dup(ctx, arg);
        text = HPyType_GetName(ctx, kept);
        return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)strlen(text));
    }
    HPyDef_METH(close_kept, "close", HPyFunc_NOARGS)
    static HPy close_kept_impl(HPyContext *ctx, HPy self) {
        HPy_Close(ctx, kept);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(read_at, "read_at", HPyFunc_O)
    static HPy read_at_impl(HPyContext *ctx, HPy self, HPy index) {
        return HPyLong_FromLong(ctx, text[HPyLong_AsSsize_t(ctx, index)]);
    }
    HPyDef_METH(write_at, "write_at", HPyFunc_O)
    static HPy write_at_impl(HPyContext *ctx, HPy self, HPy index) {
        ((char *)text)[HPyLong_AsSsize_t(ctx, index)] = 'x';
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(read_null, "read_null", HPyFunc_NOARGS)
    static HPy read_null_impl(HPyContext *ctx, HPy self) {
        return HPyLong_FromLong(ctx, *(volatile int *)8);
    }
    HPyDef_METH(keep_context, "keep_context", HPyFunc_NOARGS)
    static HPy keep_context_impl(HPyContext *ctx, HPy self) {
        kept_context = ctx;
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(use_context, "use_context", HPyFunc_NOARGS)
    static HPy use_context_impl(HPyContext *ctx, HPy self) {
        return HPy_Dup(kept_context, ctx->h_None);
    }
    HPyDef_METH(use_closed, "use_closed", HPyFunc_NOARGS)
    static HPy use_closed_impl(HPyContext *ctx, HPy self) { return HPy_Repr(ctx, kept); }

    /* A handler of the extension's. */
    static void end_in_handler(int number) {
        static const char said[] = "the handler that was there before\n";
        if (write(2, said, sizeof said - 1) > 0) _exit(7);
    }
    HPyDef_METH(handle, "handle", HPyFunc_NOARGS)
    static HPy handle_impl(HPyContext *ctx, HPy self) {
        signal(SIGSEGV, end_in_handler);
        return HPy_Dup(ctx, ctx->h_None);
    }

    static HPyDef *defines[] = {
        &keep_utf8, &keep_bytes, &keep_name, &close_kept, &read_at, &write_at, &read_null,
        &keep_context, &use_context, &use_closed, &handle, NULL};
    static HPyModuleDef definition = {.defines = defines};
    HPy_MODINIT(crashes, definition)
"""

SCRIPT = """
import faulthandler, os, signal, sys, threading
import hpystate
from hpystate import debug
crashes = hpystate.load("crashes", sys.argv[1], mode="debug")
"""

USED = "used after their handle was closed"


@pytest.fixture(scope="module")
def file() -> Path:
    # A function whose last call is a jump is in no stack.
    return compile_snippet("crashes", SOURCE, flags=("-fno-optimize-sibling-calls",))


def end(file: Path, script: str, *options: str) -> tuple[int, str]:
    """How the process ends, and what it said; without the GIL, debug mode is warned of."""
    result = subprocess.run(
        [
            sys.executable,
            "-W",
            "ignore::RuntimeWarning",
            *options,
            "-c",
            SCRIPT + script,
            str(file),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return result.returncode, result.stderr


@pytest.mark.parametrize("faulthandler", [False, True])
@pytest.mark.parametrize(
    ("function", "value", "said"),
    [
        ("keep_utf8", "'hello'", "HPyUnicode_AsUTF8AndSize returned for a 'str'"),
        ("keep_bytes", "b'hello'", "HPyBytes_AsString returned for a 'bytes'"),
        ("keep_name", "int", "HPyType_GetName returned for a 'type'"),
    ],
)
def test_characters_that_outlive_their_handle_are_named(
    file: Path, function: str, value: str, said: str, faulthandler: bool
) -> None:
    options = ("-X", "faulthandler") if faulthandler else ()
    code, text = end(
        file, f"crashes.{function}({value})\ncrashes.close()\ncrashes.read_at(1)", *options
    )

    size = 4 if value == "int" else 6
    assert code == -11  # as without the message
    assert f"hpystate, debug mode: the characters that {said} were {USED}: byte 1 of {size}" in text
    assert (
        "of generation 0 in interpreter 0. hpystate.debug.set_handle_stack_trace_limit(16)" in text
    )
    assert "Keep the handle open as long as you use its characters, or copy them." in text
    stack = text.partition("C stack, the latest call first:")[2]
    assert "crashes.hpy0.so(" in stack  # the function that used them
    assert text.count(USED) == 1
    assert text.count("Fatal Python error: Segmentation fault") == faulthandler


def test_the_handle_of_such_characters_knows_where_it_was_made(file: Path) -> None:
    code, text = end(
        file,
        """
debug.set_handle_stack_trace_limit(16)
crashes.keep_utf8("hello")
crashes.close()
crashes.read_at(0)
""",
    )

    assert code == -11
    made, stack = text.partition(", made at:\n")[2].split("C stack, the latest call first:")
    assert "crashes.hpy0.so(" in made and "crashes.hpy0.so(" in stack


def test_writing_to_the_characters_of_an_object_is_named(file: Path) -> None:
    code, text = end(file, "crashes.keep_utf8('hello')\ncrashes.write_at(2)")

    assert code == -11
    assert "returned for a 'str' were written to; they belong to the object: byte 2 of 6" in text
    assert "Copy them, and write to the copy." in text


ENABLE = "faulthandler.enable()"


@pytest.mark.parametrize(
    ("place", "disabled", "dumps", "explained"),
    [
        (0, "", True, True),
        (2, "", True, False),  # asked first, it ends the process by raising the signal again
        (4, "", True, False),
        (0, "faulthandler.disable()", False, True),
        (2, "faulthandler.disable()", False, True),
    ],
)
def test_faulthandler_goes_on_beside_ours(
    file: Path, place: int, disabled: str, dumps: bool, explained: bool
) -> None:
    lines = ["", "crashes.keep_utf8('first')", disabled, "crashes.keep_utf8('again')"]
    lines += ["crashes.close()", "crashes.read_at(0)"]
    lines.insert(place, ENABLE)
    code, text = end(file, "\n".join(lines))

    assert code == -11
    assert text.count("Fatal Python error: Segmentation fault") == dumps
    assert text.count(USED) == explained


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_handler_of_an_extension_is_called_with_every_fault(file: Path, when: str) -> None:
    first, second = "crashes.keep_utf8('first')", "crashes.handle()"
    lines = [second, first] if when == "before" else [first, second]
    for use, said in (("crashes.close()\ncrashes.read_at(0)", 1), ("crashes.read_null()", 0)):
        code, text = end(file, "\n".join([*lines, "crashes.keep_utf8('again')", use]))

        assert (code, text.count("the handler that was there before")) == (7, 1)
        assert text.count(USED) == (said if when == "before" else 0)


@pytest.mark.parametrize("faulthandler", [False, True])
@pytest.mark.parametrize(
    "use",
    ["crashes.read_null()", "os.kill(os.getpid(), signal.SIGSEGV); threading.Event().wait(9)"],
)
def test_any_other_crash_is_as_before(file: Path, use: str, faulthandler: bool) -> None:
    options = ("-X", "faulthandler") if faulthandler else ()
    code, text = end(file, f"crashes.keep_utf8('hello')\ncrashes.close()\n{use}", *options)

    assert code == -11
    assert "hpystate, debug mode" not in text  # faulthandler itself names files, from 3.14 on
    assert text.count("Fatal Python error: Segmentation fault") == faulthandler


def test_a_handler_in_python_goes_on_being_called(file: Path) -> None:
    code, text = end(
        file,
        """
heard = []
signal.signal(signal.SIGSEGV, lambda *_: heard.append(1))
crashes.keep_utf8("hello")
for _ in range(3):
    os.kill(os.getpid(), signal.SIGSEGV)
    sum(range(1000))
assert len(heard) == 3, heard
""",
    )

    assert (code, text) == (0, "")


def test_an_ignored_signal_stays_ignored(file: Path) -> None:
    code, text = end(
        file,
        """
signal.signal(signal.SIGSEGV, signal.SIG_IGN)
crashes.keep_utf8("hello")
for _ in range(3):
    os.kill(os.getpid(), signal.SIGSEGV)
""",
    )

    assert (code, text) == (0, "")


@pytest.mark.parametrize(
    "quiet",
    [
        "debug.set_explain_crashes(False)",
        # Upstream's prints nothing, and its own tests check that.
        "hpystate.install()\nimport hpy.universal, importlib.util\n"
        "spec = importlib.util.spec_from_file_location('crashes', sys.argv[1])\n"
        "crashes = hpy.universal.load('crashes', sys.argv[1], spec, debug=True)",
    ],
)
def test_where_it_is_not_wanted_a_crash_says_nothing(file: Path, quiet: str) -> None:
    code, text = end(file, f"{quiet}\ncrashes.keep_utf8('x')\ncrashes.close()\ncrashes.read_at(0)")

    assert (code, text) == (-11, "")


def test_more_characters_than_the_table_holds_are_handed_out_and_given_back(file: Path) -> None:
    code, text = end(
        file,
        """
for round in range(2):
    for number in range(6000):
        crashes.keep_utf8(f"number {number}")
        if round:
            crashes.close()
""",
    )

    assert (code, text) == (0, "")


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("crashes.keep_context()\ncrashes.use_context()", "Error: Wrong HPy Context!"),
        ("crashes.keep_utf8('x')\ncrashes.close()\ncrashes.use_closed()", "was closed before"),
    ],
)
def test_every_abort_of_debug_mode_shows_the_c_stack(file: Path, use: str, said: str) -> None:
    code, text = end(file, use)

    assert code == -6
    assert said in text
    assert "crashes.hpy0.so(" in text.partition("C stack, the latest call first:")[2]
