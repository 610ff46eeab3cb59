"""mock.py: libraries in plain C without any header of HPy, so that they can lack and lie."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import hpystate
from hpystate import LoadError, _native
from hpystate.testing import compile_snippet

#: The fixture `library`: compiles C text to a file of the given name.
Library = Callable[..., Path]

# What HPy's module definition is made of, by layout alone.
STRUCTS = """
    #include <stdint.h>
    #include <stddef.h>
    typedef struct {
        const char *doc; intptr_t size; void *legacy; void **defines; void **globals;
    } Def;
    void HPyInitGlobalContext_mock(void *ctx) {}
"""
GOOD = """
    #include <hpy.h>
    static HPyGlobal number;
    HPyDef_METH(answer, "answer", HPyFunc_NOARGS)
    static HPy answer_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, number); }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy h = HPyLong_FromLong(ctx, 42);
        if (HPy_IsNull(h))
            return -1;
        HPyGlobal_Store(ctx, &number, h);
        HPy_Close(ctx, h);
        return 0;
    }
    static HPyDef *defines[] = {&answer, &exec, NULL};
    static HPyGlobal *globals[] = {&number, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(good, def)
"""
VERSIONS = """
    uint32_t get_required_hpy_major_version_mock(void) { return MAJOR; }
    uint32_t get_required_hpy_minor_version_mock(void) { return MINOR; }
"""

KEEPER = """
    #include <hpy.h>
    static HPyGlobal kept, other;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &kept, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(get, "get", HPyFunc_NOARGS)
    static HPy get_impl(HPyContext *ctx, HPy self) {
        HPy h = HPyGlobal_Load(ctx, kept);
        if (HPy_IsNull(h) && !HPyErr_Occurred(ctx))
            return HPyUnicode_FromString(ctx, "nothing");
        return h;
    }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy sys = HPyImport_ImportModule(ctx, "sys");
        HPy fail = HPy_GetAttr_s(ctx, sys, "keeper_fails");
        HPy_Close(ctx, sys);
        if (HPy_IsNull(fail)) {
            HPyErr_Clear(ctx);
            return 0;
        }
        HPyGlobal_Store(ctx, &kept, fail);
        HPy_Close(ctx, fail);
        HPyErr_SetString(ctx, ctx->h_ZeroDivisionError, "half-way");
        return -1;
    }
    static HPyDef *defines[] = {&put, &get, &exec, NULL};
    static HPyGlobal *globals[] = {&kept, &other, &kept, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(keeper, def)
"""


def good_answer() -> int:
    """Loads a good module anew; it stores in its exec slot and loads when it is called."""
    return hpystate.load("good", compile_snippet("good", GOOD)).answer()


def refused(path: str | Path, kind: str, *words: str, name: str = "mock") -> LoadError:
    """Loads what must be refused, twice; the message holds the file and every word, and the whole
    state of the interpreter stays as it was."""
    before = _native.state()
    for _ in range(2):  # what the first failure left behind would change the second
        with pytest.raises(ImportError) as caught:
            hpystate.load(name, path)
        error = caught.value
        assert isinstance(error, LoadError)
        assert isinstance(error, RuntimeError)
        assert error.kind == kind
        assert error.name == name
        assert error.path == os.path.abspath(path)
        assert str(error).startswith(os.path.abspath(path))  # the file first
        for word in words:
            assert word in str(error)
        assert _native.state() == before
        assert name not in sys.modules
    return error
