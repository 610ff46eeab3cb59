"""snippet.py: one extension per test file, made of short functions in C.

A test file's SOURCE is C code in which a function that Python can call is written

    FUNCTION(add) { return HPy_Add(ctx, ARG(0), ARG(1)); }

ARG(i) is the i-th argument, HPy_NULL where the test passes NULL or nothing; TEXT(i) and SIZE(i)
are arguments as C values. What C returns besides an exception is checked by the functions of
PREAMBLE: an error value that is not the documented one, or none where an exception is set, is an
AssertionError.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from types import EllipsisType, ModuleType

import hpystate
from hpystate.testing import compile_snippet

#: Stands for HPy_NULL among the arguments of a function in C.
NULL: EllipsisType = ...


def in_message(value: object) -> str:
    """How messages name an operand that is of the wrong type."""
    return "HPy_NULL" if value is NULL else f"of type '{type(value).__name__}'"


PREAMBLE = r"""
#include "hpy.h"
#include <errno.h>
#include <stdint.h>
#include <string.h>

#define FUNCTION(name)                                                                       \
    HPyDef_METH(name, #name, HPyFunc_VARARGS)                                                \
    static HPy name##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
#define ARG(i) argument(ctx, args, nargs, i)
#define TEXT(i) text(ctx, ARG(i))
#define SIZE(i) HPyLong_AsSsize_t(ctx, ARG(i))

static inline HPy argument(HPyContext *ctx, const HPy *args, size_t nargs, size_t i) {
    return i >= nargs || HPy_Is(ctx, args[i], ctx->h_Ellipsis) ? HPy_NULL : args[i];
}

static inline const char *text(HPyContext *ctx, HPy h) {
    return HPy_IsNull(h) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, h, NULL);
}

static inline HPy none(HPyContext *ctx) { return HPy_Dup(ctx, ctx->h_None); }

static inline HPy wrong(HPyContext *ctx, const char *what) {
    HPyErr_SetString(ctx, ctx->h_AssertionError, what);
    return HPy_NULL;
}

/* None, or the exception that a function without a result has set. */
static inline HPy done(HPyContext *ctx) { return HPyErr_Occurred(ctx) ? HPy_NULL : none(ctx); }

/* For a function that answers -1 where it raises, and only there. */
static inline HPy status(HPyContext *ctx, HPy_ssize_t result) {
    if (HPyErr_Occurred(ctx) == (result == -1))
        return result == -1 ? HPy_NULL : HPyLong_FromSsize_t(ctx, result);
    return wrong(ctx, "-1 and an exception go together");
}

/* For a predicate, which answers 0 where it raises. */
static inline HPy answer(HPyContext *ctx, int result) {
    if (result != 0 && result != 1) return wrong(ctx, "a predicate answers 0 or 1");
    if (!HPyErr_Occurred(ctx)) return HPyBool_FromBool(ctx, result);
    return result == 0 ? HPy_NULL : wrong(ctx, "a predicate that raises answers 0");
}

/* For a handle: null and an exception go together. */
static inline HPy handle(HPyContext *ctx, HPy h) {
    if (HPyErr_Occurred(ctx) == HPy_IsNull(h)) return h;
    return wrong(ctx, "HPy_NULL and an exception go together");
}

/* A function that HPy's master appended after 0.9.0, by its name in the list. */
#define APPENDED(name) HPY_FUNCTION(ctx, name)
"""


def compiled(name: str, source: str, slots: Sequence[str] = ()) -> Path:
    """Compiles the functions of `source` into the module `name`, whose globals are `slots`."""
    names = re.findall(r"^FUNCTION\((\w+)\)", source, re.MULTILINE)
    assert names, f"{name}: SOURCE has no FUNCTION"
    table = "".join(f"&{each}, " for each in names)
    listed = "".join(f"&{each}, " for each in slots)
    end = (
        f"static HPyDef *defines[] = {{{table}NULL}};\n"
        f"static HPyGlobal *globals[] = {{{listed}NULL}};\n"
        "static HPyModuleDef definition = {.defines = defines, .globals = globals};\n"
        f"HPy_MODINIT({name}, definition)\n"
    )
    return compile_snippet(name, PREAMBLE + source + "\n" + end)


def functions(name: str, source: str, slots: Sequence[str] = ()) -> ModuleType:
    """compiled(), loaded here in the mode $HPYSTATE_TEST_MODE: tests/layers/test_bad_input.py sets
    it."""
    mode = os.environ.get("HPYSTATE_TEST_MODE", "universal")
    return hpystate.load(name, str(compiled(name, source, slots)), mode=mode)


def references(target: object) -> int:
    """References to `target`; equal before and after where nothing was leaked or lost."""
    return sys.getrefcount(target)
