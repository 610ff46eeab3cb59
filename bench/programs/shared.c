/* shared.c: fused calls on globals that all threads share, in a loop that leaves Python alone. */
#include <hpy.h>
#include <hpystate/fused.h>

static HPyGlobal Type, len;

typedef struct {
    long value;
} Thing;
HPyType_HELPERS(Thing)

static HPyType_Spec spec = {.name = "shared.Thing",
                            .basicsize = sizeof(Thing),
                            .builtin_shape = SHAPE(Thing),
                            .flags = HPy_TPFLAGS_DEFAULT};

HPyDef_METH(make, "make", HPyFunc_NOARGS)
static HPy make_impl(HPyContext* ctx, HPy self) {
    Thing* data;
    return HPy_New_g(ctx, Type, &data);
}

/* (object, count): how many of `count` fused type checks said yes */
HPyDef_METH(check, "check", HPyFunc_VARARGS)
static HPy check_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long count = HPyLong_AsLong(ctx, args[1]), yes = 0;
    for (long i = 0; i < count; i++)
        yes += HPy_TypeCheck_g(ctx, args[0], Type);
    return HPyLong_FromLong(ctx, yes);
}

/* (object, count): the sum of `count` fused calls of the builtin len */
HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long count = HPyLong_AsLong(ctx, args[1]), sum = 0;
    for (long i = 0; i < count; i++) {
        HPy length = HPy_Call_g(ctx, len, args, 1, HPy_NULL);
        if (HPy_IsNull(length)) return HPy_NULL;
        sum += HPyLong_AsLong(ctx, length);
        HPy_Close(ctx, length);
    }
    return HPyLong_FromLong(ctx, sum);
}

/* (object, count): `count` times load, check, close */
HPyDef_METH(load, "load", HPyFunc_VARARGS)
static HPy load_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long count = HPyLong_AsLong(ctx, args[1]), yes = 0;
    for (long i = 0; i < count; i++) {
        HPy type = HPyGlobal_Load(ctx, Type);
        yes += HPy_TypeCheck(ctx, args[0], type);
        HPy_Close(ctx, type);
    }
    return HPyLong_FromLong(ctx, yes);
}

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext* ctx, HPy module) {
    HPy type = HPyType_FromSpec(ctx, &spec, NULL);
    HPy function = HPy_GetItem_s(ctx, ctx->h_Builtins, "len");
    if (HPy_IsNull(type) || HPy_IsNull(function)) return -1;
    HPyGlobal_Store(ctx, &Type, type);
    HPyGlobal_Store(ctx, &len, function);
    HPy_Close(ctx, type);
    HPy_Close(ctx, function);
    return 0;
}

static HPyDef* defines[] = {&make, &check, &call, &load, &exec, NULL};
static HPyGlobal* globals[] = {&Type, &len, NULL};
static HPyModuleDef def = {.defines = defines, .globals = globals};

HPy_EXPORTED_FUNC const char* hpystate_gil_shared(void);
const char* hpystate_gil_shared(void) {
    return "off";
}
HPy_MODINIT(shared, def)
