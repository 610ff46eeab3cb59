/* bench/probe.c: an HPy extension that does one thing n times; callgrind counts its instructions.
 */
#include <hpy.h>

static HPyGlobal kept;
static HPyGlobal* probe_globals[] = {&kept, NULL};

HPyDef_METH(store, "store", HPyFunc_O) static HPy store_impl(HPyContext* ctx, HPy self, HPy arg) {
    HPyGlobal_Store(ctx, &kept, arg);
    return HPy_Dup(ctx, ctx->h_None);
}

/* The loop alone; the address of the handle is given away so that nothing is optimized out. */
HPyDef_METH(empty, "empty", HPyFunc_O) static HPy empty_impl(HPyContext* ctx, HPy self, HPy arg) {
    long n = HPyLong_AsLong(ctx, arg);
    for (long i = 0; i < n; i++)
        __asm__ volatile("" : : "r"(ctx), "r"(i) : "memory");
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(load_close, "load_close", HPyFunc_O) static HPy
    load_close_impl(HPyContext* ctx, HPy self, HPy arg) {
    long n = HPyLong_AsLong(ctx, arg);
    for (long i = 0; i < n; i++) {
        HPy h = HPyGlobal_Load(ctx, kept);
        __asm__ volatile("" : : "r"(ctx), "r"(i) : "memory");
        HPy_Close(ctx, h);
    }
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(noargs, "noargs", HPyFunc_NOARGS) static HPy noargs_impl(HPyContext* ctx, HPy self) {
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(one_arg, "one_arg", HPyFunc_O) static HPy
    one_arg_impl(HPyContext* ctx, HPy self, HPy arg) {
    return HPy_Dup(ctx, ctx->h_None);
}

/* Calls its argument n times by vectorcall, as C code does. */
HPyDef_METH(call_noargs, "call_noargs", HPyFunc_VARARGS) static HPy
    call_noargs_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long n = HPyLong_AsLong(ctx, args[1]);
    for (long i = 0; i < n; i++)
        HPy_Close(ctx, HPy_Call(ctx, args[0], NULL, 0, HPy_NULL));
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(call_one_arg, "call_one_arg", HPyFunc_VARARGS) static HPy
    call_one_arg_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long n = HPyLong_AsLong(ctx, args[1]);
    for (long i = 0; i < n; i++)
        HPy_Close(ctx, HPy_Call(ctx, args[0], args, 1, HPy_NULL));
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef* probe_defines[] = {
    &store, &empty, &load_close, &noargs, &one_arg, &call_noargs, &call_one_arg, NULL,
};

static HPyModuleDef probe_def = {.defines = probe_defines, .globals = probe_globals};

HPy_MODINIT(probe, probe_def)
