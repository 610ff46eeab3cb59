"""test_formats.py: the helpers that read a format: what upstream's own tests leave out."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import hpystate
from hpystate import debug
from hpystate.testing import compile_snippet
from tests.context.snippet import PREAMBLE

SOURCE = r"""
/* The format, then what HPyUnicode_FromFormat takes for %d %s %S. */
FUNCTION(from_format) {
    return handle(ctx, HPyUnicode_FromFormat(ctx, TEXT(0), 42, "text", ARG(1)));
}
FUNCTION(build) { return handle(ctx, HPy_BuildValue(ctx, TEXT(0), 1, 2, 3, 4)); }
FUNCTION(build_pair) {
    return handle(ctx, HPy_BuildValue(ctx, "{s:O,s:[O]}", "a", ARG(0), "b", ARG(1)));
}

static const char *names[] = {"first", "second", NULL};
HPyDef_METH(parse, "parse", HPyFunc_KEYWORDS)
static HPy parse_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs, HPy kwnames) {
    long first = 0;
    HPy second = ctx->h_None;
    if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kwnames, "l|O:parse", names, &first, &second))
        return HPy_NULL;
    return HPy_BuildValue(ctx, "lO", first, second);
}
/* A tuple, a dict. */
FUNCTION(parse_dict) {
    HPyTracker tracker;
    long first = 0;
    const char *second = "none";
    HPy given[4];
    HPy_ssize_t count = HPy_Length(ctx, ARG(0));
    int parsed;
    HPy result = HPy_NULL;
    for (HPy_ssize_t i = 0; i < count; i++) given[i] = HPy_GetItem_i(ctx, ARG(0), i);
    parsed = HPyArg_ParseKeywordsDict(ctx, &tracker, given, count, ARG(1), "l|s:parse", names,
                                      &first, &second);
    for (HPy_ssize_t i = 0; i < count; i++) HPy_Close(ctx, given[i]);
    if (!parsed) return HPy_NULL;
    result = HPy_BuildValue(ctx, "ls", first, second);
    HPyTracker_Close(ctx, tracker);
    return result;
}
FUNCTION(parse_dict_without_tracker) {
    HPy value;
    if (!HPyArg_ParseKeywordsDict(ctx, NULL, NULL, 0, ARG(0), "OO", names, &value, &value))
        return HPy_NULL;
    return none(ctx);
}
static HPyDef *defines[] = {&from_format, &build, &build_pair, &parse, &parse_dict,
                            &parse_dict_without_tracker, NULL};
static HPyModuleDef definition = {.defines = defines};
HPy_MODINIT(c_test_formats, definition)
"""


@pytest.fixture(scope="module")
def file() -> Path:
    return compile_snippet("c_test_formats", PREAMBLE + SOURCE)


@pytest.fixture(scope="module")
def c(file: Path) -> ModuleType:
    return hpystate.load("c_test_formats", str(file))


def test_positions_are_told(c: ModuleType) -> None:
    with pytest.raises(SystemError, match=r"at position 4 of 'ab%q'; see hpy/format\.h"):
        c.from_format("ab%q")
    with pytest.raises(SystemError, match=r"bad format char 'y'.*: position 2 of '\(iy\)'"):
        c.build("(iy)")


def test_a_percent_sign_at_the_end(c: ModuleType) -> None:
    with pytest.raises(SystemError, match="invalid format string"):
        c.from_format("100%")


@pytest.mark.parametrize(
    ("format", "expected"),
    [("%5d|%-", None), ("%05d", "00042"), ("%.4d", "0042"), ("%6.4d", "  0042"), ("%x", "2a")],
)
def test_widths(c: ModuleType, format: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(SystemError):
            c.from_format(format)
    else:
        assert c.from_format(format) == expected


def test_values_in_their_order(c: ModuleType) -> None:
    assert c.from_format("%d %s %S", [1]) == "42 text [1]"


def test_brackets_nested_too_deeply(c: ModuleType) -> None:
    with pytest.raises(SystemError, match=r"too deeply nested '\('"):
        c.build("(" * 100_000)


def test_dicts(c: ModuleType) -> None:
    assert c.build("{i:i, i:i,}") == {1: 2, 3: 4}
    assert c.build("") is None
    assert c.build("()") == ()
    with pytest.raises(TypeError, match="unhashable"):
        c.build("{[]:i}")


def test_names(c: ModuleType) -> None:
    assert c.parse(1, second=2) == (1, 2)
    assert c.parse(second=2, first=1) == (1, 2)
    with pytest.raises(TypeError, match=r"parse\(\) got two values, .* for argument 'first'"):
        c.parse(1, first=2)
    with pytest.raises(TypeError, match=r"parse\(\) got a keyword argument that it does not have"):
        c.parse(1, third=2)


def test_names_in_a_dict(c: ModuleType) -> None:
    assert c.parse_dict((1,), {"second": "two"}) == (1, "two")
    assert c.parse_dict((), {"first": 1}) == (1, "none")
    assert c.parse_dict((1, "by position"), {}) == (1, "by position")
    with pytest.raises(TypeError, match="a str is required"):
        c.parse_dict((1,), {"second": 2})
    with pytest.raises(TypeError, match="does not have"):
        c.parse_dict((1,), {"third": 2})
    with pytest.raises(SystemError, match="needs a tracker"):
        c.parse_dict_without_tracker({"first": 1, "second": 2})


def test_nothing_leaks_where_something_fails(file: Path) -> None:
    c = hpystate.load("c_test_formats", str(file), mode="debug")
    with debug.LeakDetector():
        for call, *arguments in (
            (c.build, "(i[i{i:y"),
            (c.build, "{[]:i}"),
            (c.build_pair, 1, ...),
            (c.parse_dict, (1,), {"second": 2}),
            (c.parse_dict, (), {"first": "no number"}),
            (c.from_format, "%d %s %S", ...),
        ):
            with pytest.raises((SystemError, TypeError)):
                call(*arguments)
        assert c.build_pair(1, 2) == {"a": 1, "b": [2]}
        assert c.parse_dict((1,), {"second": "two"}) == (1, "two")
        # The arguments are closed before the text is read: it is the tracker's.
        assert c.parse_dict((1, "by position"), {}) == (1, "by position")


def test_hostile_formats_crash_nothing(file: Path) -> None:
    # A child with a time limit. Letters that would read more values than there are stay out.
    chosen = random.Random(5)
    formats = ["".join(chosen.choices("%0123.lzqy{}[](): ,", k=12)) for _ in range(3000)]
    script = f"""
import sys
sys.path[:] = {sys.path!r}
import hpystate
c = hpystate.load("c_test_formats", {str(file)!r})
count = 0
for text in {formats!r}:
    for call in (c.build, c.from_format):
        try:
            call(text)
        except (SystemError, ValueError, MemoryError):
            count += 1
print(count)
"""
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=100, check=False
    )

    assert result.returncode == 0, result.stderr[-2000:]
    assert int(result.stdout) > 1000
