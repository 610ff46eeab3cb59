"""test_types.py: types that Cython makes in ways of its own, as HPy's functions see them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import hpystate
from hpystate.testing import compile_snippet
from tests.cython.conftest import Compile

CHECK = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal type;
    HPyDef_METH(check, "check", HPyFunc_VARARGS)
    static HPy check_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
        HPyGlobal_Store(ctx, &type, args[1]);
        int plain = HPy_TypeCheck(ctx, args[0], args[1]);
        return HPy_BuildValue(ctx, "(ii)", plain, HPy_TypeCheck_g(ctx, args[0], type));
    }
    static HPyDef *defines[] = {&check, NULL};
    static HPyGlobal *globals[] = {&type, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_MODINIT(type_check, def)
"""

MIXED = """
    cdef class Base:
        cdef int number
    class Mixin:
        __slots__ = ()
    cdef class Both(Base, Mixin):
        pass
"""


def test_a_static_type_may_have_a_heap_type_among_its_bases(
    compile: Compile, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = ("-DCYTHON_USE_TYPE_SPECS=0", "-DCYTHON_USE_MODULE_STATE=0")
    folder = compile("mixed", MIXED, flags)
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "mixed", raising=False)
    import mixed

    checked = hpystate.load("type_check", Path(compile_snippet("type_check", CHECK)))
    both = mixed.Both()
    assert not mixed.Both.__flags__ & 1 << 9, "Both is a heap type: this tests nothing"
    assert checked.check(both, mixed.Mixin) == checked.check(both, mixed.Base) == (1, 1)
    assert checked.check(both, int) == (0, 0)
