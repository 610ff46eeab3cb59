/* shared.c: the extension that both Pythons import: one file, one set of statics. Nothing in it
 * knows of two Pythons. */
#include <hpy.h>

static HPyGlobal kept; /* one value per interpreter, in whatever Python that is */

HPyDef_METH(put, "put", HPyFunc_O)
static HPy put_impl(HPyContext* ctx, HPy self, HPy value) {
    HPyGlobal_Store(ctx, &kept, value);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(get, "get", HPyFunc_NOARGS)
static HPy get_impl(HPyContext* ctx, HPy self) {
    HPy value = HPyGlobal_Load(ctx, kept);
    if (HPy_IsNull(value) && !HPyErr_Occurred(ctx)) return HPy_Dup(ctx, ctx->h_None);
    return value;
}

/* Where the slot is, and the word in it: its own address, which is the same for all. */
HPyDef_METH(slot_at, "slot_at", HPyFunc_NOARGS)
static HPy slot_at_impl(HPyContext* ctx, HPy self) {
    return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)&kept);
}

HPyDef_METH(slot_content, "slot_content", HPyFunc_NOARGS)
static HPy slot_content_impl(HPyContext* ctx, HPy self) {
    return HPyLong_FromSsize_t(ctx, kept._i);
}

HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    if (nargs == 0) return HPyErr_SetString(ctx, ctx->h_TypeError, "call: a callable was expected");
    return HPy_Call(ctx, args[0], args + 1, nargs - 1, HPy_NULL);
}

HPyDef_SLOT(power, HPy_nb_power) /* also for `2 ** x`, where the first operand is an int */
static HPy power_impl(HPyContext* ctx, HPy left, HPy right, HPy modulus) {
    return HPyGlobal_Load(ctx, kept);
}
static HPyDef* power_defines[] = {&power, NULL};
static HPyType_Spec power_spec = {.name = "shared.Power", .defines = power_defines};

HPyDef_METH(make_type, "make_type", HPyFunc_NOARGS)
static HPy make_type_impl(HPyContext* ctx, HPy self) {
    return HPyType_FromSpec(ctx, &power_spec, NULL);
}

static HPyDef* defines[] = {&put, &get, &slot_at, &slot_content, &call, &make_type, NULL};
static HPyGlobal* globals[] = {&kept, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(shared, definition)
