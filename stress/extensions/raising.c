/* raising.c: exec slots that raise, at the stage in the module's name: `fail2.raising`. */
#include "common.h"

#include <string.h>

enum { KEPT = 12 };
static HPyGlobal Kept_Type, kept[KEPT];
static HPyGlobal* globals[] = {
    &Kept_Type, &kept[0], &kept[1], &kept[2], &kept[3],  &kept[4],  &kept[5],
    &kept[6],   &kept[7], &kept[8], &kept[9], &kept[10], &kept[11], NULL,
};

/* What `fail2.raising` asks for; 9 where the name has no such part. */
static int stage_of(HPyContext* ctx, HPy module) {
    int stage = 9;
    HPy name = HPy_GetAttr_s(ctx, module, "__name__");
    if (HPy_IsNull(name)) return -1;
    const char* text = HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
    if (text != NULL && strncmp(text, "fail", 4) == 0) stage = text[4] - '0';
    HPy_Close(ctx, name);
    return stage;
}

HPyDef_SLOT(exec_first, HPy_mod_exec)
static int exec_first_impl(HPyContext* ctx, HPy module) {
    const int stage = stage_of(ctx, module);
    if (stage < 0) return -1;
    if (stage == 0) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "stage 0");
        return -1;
    }
    if (store_type(ctx, &Kept_Type, &Kept_spec) < 0) return -1;
    if (stage != 1) return 0;
    HPyErr_SetString(ctx, ctx->h_ValueError, "stage 1");
    return -1;
}

/* The values that it stores before it raises carry key 0, which no interpreter has. */
HPyDef_SLOT(exec_second, HPy_mod_exec)
static int exec_second_impl(HPyContext* ctx, HPy module) {
    const int stage = stage_of(ctx, module);
    for (uint64_t i = 0; i < KEPT; ++i) {
        if (stage == 2 + (int)i / 3) {
            HPyErr_SetString(ctx, ctx->h_ValueError, "a later stage");
            return -1;
        }
        if (store_and_close(ctx, &kept[i], new_kept(ctx, &Kept_Type, 0, i)) < 0) return -1;
    }
    return 0;
}

/* begin(key): the values that count */
FUNCTION(begin) {
    const uint64_t key = nargs == 1 ? number_of(ctx, args[0]) : 0;
    for (uint64_t i = 0; i < KEPT && !HPyErr_Occurred(ctx); ++i)
        store_and_close(ctx, &kept[i], new_kept(ctx, &Kept_Type, key, i));
    return nothing(ctx);
}

FUNCTION(work) {
    return look_at_all(ctx, args, nargs, kept, KEPT);
}

static HPyDef* defines[] = {&exec_first, &exec_second, &begin, &work, NULL};
static HPyModuleDef definition = {.doc = "Raises.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(raising)
HPy_MODINIT(raising, definition)
