"""holder.py: the extension of these tests: two globals that it lists, one that it does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hpystate
from hpystate.look import Inspection
from hpystate.testing import compile_snippet

NAME = "holder"
SOURCE = """
    #include <hpy.h>
    static HPyGlobal first, second, unlisted;
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &first, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(clear, "clear", HPyFunc_NOARGS)
    static HPy clear_impl(HPyContext *ctx, HPy self) {
        HPyGlobal_Store(ctx, &first, HPy_NULL);
        HPyGlobal_Store(ctx, &unlisted, HPy_NULL);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(put_unlisted, "put_unlisted", HPyFunc_O)
    static HPy put_unlisted_impl(HPyContext *ctx, HPy self, HPy arg) {
        HPyGlobal_Store(ctx, &unlisted, arg);
        return HPy_Dup(ctx, ctx->h_None);
    }
    static HPyDef *defines[] = {&put, &clear, &put_unlisted, NULL};
    static HPyGlobal *globals[] = {&first, &second, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(holder, def)
"""


def compiled(*flags: str) -> Path:
    return compile_snippet(NAME, SOURCE, flags=flags)


def load() -> Any:
    return hpystate.load(NAME, compiled())


def load_code() -> str:
    """The same for another interpreter; binds `module`."""
    return f"import hpystate; module = hpystate.load({NAME!r}, {str(compiled())!r})\n"


def of(found: Inspection, interpreter: int) -> dict[str, dict[str, Any]]:
    """The globals of `holder` in an interpreter, by symbol."""
    file = str(compiled())
    (row,) = (each for each in found.interpreters if each["interpreter"] == interpreter)
    return {one["name"]: one for one in row["globals"] if one["file"] == file}
