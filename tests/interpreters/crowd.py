"""crowd.py: an extension for many threads in one interpreter, which declares itself safe for them.

Its globals are stored to, loaded and called from every thread; what it keeps besides is constant.
"""

from __future__ import annotations

SOURCE = """
    #include <hpy.h>
    #include <hpystate/fused.h>
    static HPyGlobal slots[8], Type, len, lazy, unlisted;

    typedef struct { HPyField value; } Box;
    HPyType_HELPERS(Box)
    HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
    static int Box_traverse_impl(void *self, HPyFunc_visitproc visit, void *arg) {
        HPy_VISIT(&((Box *)self)->value);
        return 0;
    }
    HPyDef_MEMBER(Box_value, "value", HPyMember_OBJECT, offsetof(Box, value))
    static HPyDef *type_defines[] = {&Box_traverse, &Box_value, NULL};
    static HPyType_Spec spec = {
        .name = "crowd.Box", .basicsize = sizeof(Box), .builtin_shape = SHAPE(Box),
        .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC, .defines = type_defines,
    };

    #define FUNCTION(name)                                                     \\
        HPyDef_METH(name, #name, HPyFunc_VARARGS)                              \\
        static HPy name##_impl(HPyContext *ctx, HPy self, const HPy *args, size_t nargs)
    #define NONE (HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None))

    static HPyGlobal *slot(HPyContext *ctx, HPy number) {
        long i = HPyLong_AsLong(ctx, number);
        return i < 0 ? &unlisted : &slots[i];
    }
    FUNCTION(store) {
        HPyGlobal_Store(ctx, slot(ctx, args[0]), nargs > 1 ? args[1] : HPy_NULL);
        return NONE;
    }
    FUNCTION(load) {
        HPy h = HPyGlobal_Load(ctx, *slot(ctx, args[0]));
        return HPy_IsNull(h) ? NONE : h;
    }
    FUNCTION(item) { return HPy_GetItem_g(ctx, *slot(ctx, args[0]), args[1]); }
    FUNCTION(call) { return HPy_Call_g(ctx, *slot(ctx, args[0]), args + 1, nargs - 1, HPy_NULL); }
    FUNCTION(new) {
        Box *data;
        return HPy_New_g(ctx, Type, &data);
    }
    FUNCTION(make_type) {
        HPy type = HPyType_FromSpec(ctx, &spec, NULL);
        if (!HPy_IsNull(type)) HPyGlobal_Store(ctx, &Type, type);
        return type;
    }
    static HPy make(HPyContext *ctx, void *arg) {
        return HPy_Call(ctx, *(HPy *)arg, NULL, 0, HPy_NULL);
    }
    FUNCTION(load_or_init) { return HPyGlobal_LoadOrInit(ctx, &lazy, make, (void *)&args[0]); }

    /* (object, count): how many of `count` checks said yes, in one call from Python */
    FUNCTION(checks) {
        long yes = 0, count = HPyLong_AsLong(ctx, args[1]);
        for (long i = 0; i < count; i++) yes += HPy_TypeCheck_g(ctx, args[0], Type);
        return HPyLong_FromLong(ctx, yes);
    }
    FUNCTION(calls) {
        long sum = 0, count = HPyLong_AsLong(ctx, args[1]);
        for (long i = 0; i < count; i++) {
            HPy length = HPy_Call_g(ctx, len, args, 1, HPy_NULL);
            sum += HPyLong_AsLong(ctx, length);
            HPy_Close(ctx, length);
        }
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLong(ctx, sum);
    }
    FUNCTION(box_put) {
        Box *box = Box_AsStruct(ctx, args[0]);
        HPyField_Store(ctx, args[0], &box->value, args[1]);
        return NONE;
    }
    FUNCTION(box_get) {
        Box *box = Box_AsStruct(ctx, args[0]);
        HPyField value = box->value;
        return HPyField_IsNull(value) ? NONE : HPyField_Load(ctx, args[0], value);
    }
    /* What happens between reading a field and loading it, when other threads run. */
    static HPyField remembered;
    FUNCTION(remember) {
        remembered = Box_AsStruct(ctx, args[0])->value;
        return NONE;
    }
    FUNCTION(load_remembered) {
        HPy h = HPyField_Load(ctx, args[0], remembered);
        return HPy_IsNull(h) ? NONE : h;
    }
    HPyDef_SLOT(exec, HPy_mod_exec)
    static int exec_impl(HPyContext *ctx, HPy module) {
        HPy type = HPyType_FromSpec(ctx, &spec, NULL);
        HPy function = HPy_GetItem_s(ctx, ctx->h_Builtins, "len");
        if (HPy_IsNull(type) || HPy_IsNull(function)) return -1;
        HPyGlobal_Store(ctx, &Type, type);
        HPyGlobal_Store(ctx, &len, function);
        HPy_Close(ctx, type);
        HPy_Close(ctx, function);
        return 0;
    }
    static HPyDef *defines[] = {&store, &load, &item, &call, &new, &make_type, &load_or_init,
                                &checks, &calls, &box_put, &box_get, &remember,
                                &load_remembered, &exec, NULL};
    static HPyGlobal *globals[] = {&slots[0], &slots[1], &slots[2], &slots[3], &slots[4],
                                   &slots[5], &slots[6], &slots[7], &Type, &len, &lazy, NULL};
    static HPyModuleDef def = {.defines = defines, .globals = globals};
    HPy_EXPORTED_FUNC const char *hpystate_gil_crowd(void);
    const char *hpystate_gil_crowd(void) { return "off"; }
    HPy_MODINIT(crowd, def)
"""

#: Runs functions on threads at once; the first exception of any is raised. `file` is the extension.
THREADS = """
import sys, sysconfig, threading, time
import hpystate
if sysconfig.get_config_var("Py_GIL_DISABLED"):
    # CPython has it on while an interpreter that shares it imports an extension: that passes.
    end = time.monotonic() + 30
    while sys._is_gil_enabled():
        assert time.monotonic() < end, "the GIL came back"
        time.sleep(0.001)

def together(*works):
    start, failures = threading.Barrier(len(works)), []
    def run(work):
        try:
            start.wait()
            work()
        except BaseException as error:
            failures.append(error)
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
"""
