/* flat.c: loops whose instructions are counted: they must not depend on how much else there is. */
#include "common.h"

static HPyGlobal Kept_Type, value;
static HPyGlobal* globals[] = {&Kept_Type, &value, NULL};

FUNCTION(begin) {
    if (store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    if (store_and_close(ctx, &value, new_kept(ctx, &Kept_Type, 0, 0)) < 0) return HPy_NULL;
    return nothing(ctx);
}

/* each: (n, seed, key) -> (checked, wrong) */
#define LOOP(name, context)                                                                        \
    FUNCTION(name) {                                                                               \
        const uint64_t n = number_of(ctx, args[0]);                                                \
        HPyContext* const through = context;                                                       \
        Watch watch = {.key = number_of(ctx, args[2])};                                            \
        for (uint64_t i = 0; i < n; ++i) {                                                         \
            HPy h = HPyGlobal_Load(through, value);                                                \
            look(&watch, !HPy_IsNull(h));                                                          \
            HPy_Close(through, h);                                                                 \
        }                                                                                          \
        return found(ctx, &watch);                                                                 \
    }

LOOP(load, ctx)
/* What the file's own trampolines have: the dispatcher, which finds the caller's context. */
LOOP(load_without_context, _ctx_for_trampolines)

HPyDef_METH(noargs, "noargs", HPyFunc_NOARGS)
static HPy noargs_impl(HPyContext* ctx, HPy self) {
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef* defines[] = {&begin, &load, &load_without_context, &noargs, NULL};
static HPyModuleDef definition = {.doc = "Loops.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(flat)
HPy_MODINIT(flat, definition)
