"""test_link.py: files that were compiled with a shorter or a longer list of fused calls."""

from __future__ import annotations

import pytest

import hpystate
from hpystate.testing import compile_snippet

SOURCE = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal function;
    static HPyGlobal *globals[] = {&function, NULL};

    /* Runs before the loader fills the link. */
    __attribute__((constructor)) static void compile_with_another_list(void) {
        hpystate_fused_state.table_size += CALLS * (int)sizeof(void (*)(void));
    }
    HPyDef_METH(is_filled, "is_filled", HPyFunc_NOARGS)
    static HPy is_filled_impl(HPyContext *ctx, HPy self) {
        return HPyBool_FromBool(ctx, hpystate_plain_table() == ctx->_private);
    }
    HPyDef_METH(put, "put", HPyFunc_O)
    static HPy put_impl(HPyContext *ctx, HPy self, HPy value) {
        HPyGlobal_Store(ctx, &function, value);
        return HPy_Dup(ctx, ctx->h_None);
    }
    HPyDef_METH(call, "call", HPyFunc_O)
    static HPy call_impl(HPyContext *ctx, HPy self, HPy arg) {
        return HPy_Call_g(ctx, function, &arg, 1, HPy_NULL);
    }
    static HPyDef *defines[] = {&is_filled, &put, &call, NULL};
    static HPyModuleDef definition = {.defines = defines, .globals = globals};
    HPy_MODINIT(linked, definition)
"""


@pytest.mark.parametrize(("calls", "is_filled"), [(-3, True), (0, True), (1, False)])
def test_a_file_with_another_list_gets_the_same_results(calls: int, is_filled: bool) -> None:
    source = SOURCE.replace("CALLS", str(calls))
    linked = hpystate.load("linked", str(compile_snippet("linked", source)))

    assert linked.is_filled() is is_filled
    with pytest.raises(SystemError, match=r"HPy_Call_g: .*holds nothing in this interpreter"):
        linked.call("text")
    linked.put(len)
    assert linked.call("text") == 4
