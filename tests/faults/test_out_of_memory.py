"""test_out_of_memory.py: any allocation of making a module or a type may fail; nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from hpystate.testing import compile_snippet

HERE = Path(__file__).parent
SOURCE = """
    #include <hpy.h>
    static HPyGlobal kept_text, Thing_Type;
    typedef struct { long number; HPyField held; } Thing;
    HPyType_HELPERS(Thing)
    HPyDef_SLOT(Thing_new, HPy_tp_new)
    static HPy Thing_new_impl(HPyContext *ctx, HPy cls, const HPy *args, HPy_ssize_t n, HPy kw) {
        Thing *thing;
        long number = n > 0 ? HPyLong_AsLong(ctx, args[0]) : 0;
        HPy h = HPy_New(ctx, cls, &thing);
        if (!HPy_IsNull(h)) thing->number = number;
        return h;
    }
    HPyDef_SLOT(Thing_traverse, HPy_tp_traverse)
    static int Thing_traverse_impl(void *data, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Thing *)data)->held);
        return 0;
    }
    HPyDef_SLOT(Thing_call, HPy_tp_call)
    static HPy Thing_call_impl(HPyContext *ctx, HPy self, const HPy *args, size_t n, HPy names) {
        return HPyLong_FromSize_t(ctx, n);
    }
    HPyDef_MEMBER(Thing_number, "number", HPyMember_LONG, offsetof(Thing, number))
    HPyDef_GET(Thing_half, "half")
    static HPy Thing_half_get(HPyContext *ctx, HPy self, void *closure) {
        return HPyFloat_FromDouble(ctx, Thing_AsStruct(ctx, self)->number / 2.0);
    }
    HPyDef_METH(Thing_meth, "meth", HPyFunc_NOARGS)
    static HPy Thing_meth_impl(HPyContext *ctx, HPy self) { return HPy_Dup(ctx, self); }
    static HPyDef *Thing_defines[] = {&Thing_new, &Thing_traverse, &Thing_call, &Thing_number,
                                      &Thing_half, &Thing_meth, NULL};
    static HPyType_Spec Thing_spec = {.name = "faulty.Thing", .basicsize = sizeof(Thing),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC | HPy_TPFLAGS_BASETYPE,
        .defines = Thing_defines, .doc = "A thing."};
    typedef struct { long first, second; } Number;
    HPyType_HELPERS(Number, HPyType_BuiltinShape_Long)
    HPyDef_MEMBER(Number_first, "first", HPyMember_LONG, offsetof(Number, first))
    static HPyDef *Number_defines[] = {&Number_first, NULL};
    static HPyType_Spec Number_spec = {.name = "faulty.Number", .basicsize = sizeof(Number),
        .builtin_shape = HPyType_BuiltinShape_Long, .defines = Number_defines};

    HPyDef_METH(twice, "twice", HPyFunc_O)
    static HPy twice_impl(HPyContext *ctx, HPy self, HPy arg) { return HPy_Add(ctx, arg, arg); }
    HPyDef_METH(kept, "kept", HPyFunc_NOARGS)
    static HPy kept_impl(HPyContext *ctx, HPy self) { return HPyGlobal_Load(ctx, kept_text); }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy base = HPyType_FromSpec(ctx, &Thing_spec, NULL);
        if (HPy_IsNull(base)) return -1;
        HPyGlobal_Store(ctx, &Thing_Type, base);
        int status = HPy_SetAttr_s(ctx, module, "Thing", base);
        HPyType_SpecParam of_int[] = {{HPyType_SpecParam_Base, ctx->h_LongType},
                                      {(HPyType_SpecParam_Kind)0, HPy_NULL}};
        HPy number = status == 0 ? HPyType_FromSpec(ctx, &Number_spec, of_int) : HPy_NULL;
        HPy text = HPy_IsNull(number) ? HPy_NULL : HPyUnicode_FromString(ctx, "kept");
        if (!HPy_IsNull(text)) HPyGlobal_Store(ctx, &kept_text, text);
        status = HPy_IsNull(text) || HPyErr_Occurred(ctx) ? -1 : 0;
        HPy_Close(ctx, text);
        HPy_Close(ctx, number);
        HPy_Close(ctx, base);
        return status;
    }
    static HPyDef *defines[] = {&twice, &kept, &exec, NULL};
    static HPyGlobal *globals[] = {&kept_text, &Thing_Type, NULL};
    static HPyModuleDef def = {.doc = "Made under stress.", .defines = defines, .globals = globals};
    HPy_MODINIT(faulty, def)
"""


@pytest.fixture(scope="module")
def interposer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("faults") / "failing_malloc.so"
    source = HERE / "failing_malloc.c"
    command = ["cc", "-O1", "-fPIC", "-shared", "-o", str(target), str(source), "-ldl"]
    subprocess.run(command, check=True)
    return target


@pytest.mark.parametrize("mode", ["universal", "debug", "trace"])
def test_every_allocation_of_a_module_may_fail(interposer: Path, mode: str) -> None:
    file = compile_snippet("faulty", SOURCE)
    result = subprocess.run(
        [sys.executable, str(HERE / "out_of_memory.py"), str(file), mode],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "LD_PRELOAD": str(interposer), "PYTHONMALLOC": "malloc"},
    )
    assert result.returncode == 0, result.stderr[-3000:]
    found = json.loads(result.stdout)

    assert found["clean"] > 100, "the allocations of a module were counted"
    assert found["outcomes"]["MemoryError"] > 50
    assert set(found["outcomes"]) <= {"MemoryError", "made"}, found["outcomes"]
    assert found["growth"] == {}
