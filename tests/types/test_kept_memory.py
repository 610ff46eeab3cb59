"""test_kept_memory.py: an instance in the memory of another one is as new, whatever its size."""

from __future__ import annotations

import gc
import sys
from types import ModuleType
from typing import Any

import pytest

import hpystate
from hpystate.testing import compile_snippet

WORD = 8

SOURCE = """
#include <hpy.h>
#include <string.h>

/* The struct of every type here: so many bytes, of which the first word is a field if the collector
 * tracks the instances. */
typedef struct { HPyField held; } Kept;
HPyType_HELPERS(Kept)

HPyDef_SLOT(traverse, HPy_tp_traverse)
static int traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
    HPy_VISIT(&((Kept *)self)->held);
    return 0;
}

HPyDef_METH(make_type, "make_type", HPyFunc_VARARGS)
static HPy make_type_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    static HPyDef *none[] = {NULL}, *traversed[] = {&traverse, NULL};
    int collected = HPy_IsTrue(ctx, args[1]);
    HPyType_Spec spec = {.name = "kept.Kept", .basicsize = (int)HPyLong_AsLong(ctx, args[0]),
        .builtin_shape = Kept_SHAPE, .defines = collected ? traversed : none,
        .flags = HPy_TPFLAGS_DEFAULT | (collected ? HPy_TPFLAGS_HAVE_GC : 0)};
    return HPyType_FromSpec(ctx, &spec, NULL);
}

HPyDef_METH(new, "new", HPyFunc_O)
static HPy new_impl(HPyContext *ctx, HPy self, HPy type) {
    void *data = NULL;
    return _HPy_New(ctx, type, &data);
}

HPyDef_METH(fill, "fill", HPyFunc_VARARGS)
static HPy fill_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    char *data = (char *)Kept_AsStruct(ctx, args[0]);
    long start = HPyLong_AsLong(ctx, args[1]), end = HPyLong_AsLong(ctx, args[2]);
    if (end > start) memset(data + start, 0xFF, end - start);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(look, "look", HPyFunc_VARARGS)
static HPy look_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    return HPyBytes_FromStringAndSize(ctx, (const char *)Kept_AsStruct(ctx, args[0]),
                                      HPyLong_AsLong(ctx, args[1]));
}

HPyDef_METH(hold, "hold", HPyFunc_VARARGS)
static HPy hold_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs) {
    HPyField_Store(ctx, args[0], &Kept_AsStruct(ctx, args[0])->held, args[1]);
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef *defines[] = {&make_type, &new, &fill, &look, &hold, NULL};
static HPyModuleDef def = {.defines = defines};
HPy_MODINIT(kept, def)
"""


@pytest.fixture(scope="module")
def c() -> ModuleType:
    return hpystate.load("kept", str(compile_snippet("kept", SOURCE)))


def new(c: ModuleType, cls: type) -> list[Any]:
    return [c.new(cls) for _ in range(200)]  # more than are kept


@pytest.mark.parametrize("size", [0, 4, *(n * WORD for n in range(1, 7)), 20, 512, 520])
@pytest.mark.parametrize("collected", [False, True])
def test_a_struct_is_zero_whoever_was_there(c: ModuleType, size: int, collected: bool) -> None:
    size = max(size, WORD) if collected else size
    cls = c.make_type(size, collected)
    references = sys.getrefcount(cls)
    (usual,) = (sys.getrefcount(each) for each in [object()])  # the list, the loop, the call
    for _ in range(3):
        for each in new(c, cls):
            c.fill(each, WORD if collected else 0, size)
        del each
        fresh = new(c, cls)
        assert sys.getrefcount(cls) == references + len(fresh)
        for each in fresh:
            assert c.look(each, size) == bytes(size)
            assert type(each) is cls
            assert sys.getrefcount(each) == usual
            assert gc.is_tracked(each) == collected
            c.fill(each, WORD if collected else 0, size)
        del fresh, each
    assert sys.getrefcount(cls) == references


@pytest.mark.parametrize("size", [WORD, 2 * WORD, 3 * WORD])
def test_a_circle_of_instances_is_collected_and_its_memory_serves_again(
    c: ModuleType, size: int
) -> None:
    cls = c.make_type(size, True)
    references = sys.getrefcount(cls)
    for _ in range(3):
        first, second = c.new(cls), c.new(cls)
        c.hold(first, second)
        c.hold(second, first)
        assert gc.get_referents(first) in ([cls, second], [second, cls])
        del first, second
        gc.collect()
        assert sys.getrefcount(cls) == references
