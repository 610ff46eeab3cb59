/* replaced.c: stores to and loads from slots of another shared object, which comes and goes.
 *
 * store_at(address, key, index) and look_at(address, key, index) take the address of a slot, as an
 * extension does that is given a struct of a plug-in.
 */
#include "common.h"

static HPyGlobal Kept_Type;
static HPyGlobal* globals[] = {&Kept_Type, NULL};

FUNCTION(begin) {
    if (store_type(ctx, &Kept_Type, &Kept_spec) < 0) return HPy_NULL;
    return nothing(ctx);
}

FUNCTION(store_at) {
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "store_at(address, key, index)");
    HPyGlobal* const slot = (HPyGlobal*)number_of(ctx, args[0]); /* NOLINT */
    HPy h = new_kept(ctx, &Kept_Type, number_of(ctx, args[1]), number_of(ctx, args[2]));
    if (store_and_close(ctx, slot, h) < 0) return HPy_NULL;
    return nothing(ctx);
}

/* clear_at(address): nothing is left there of this interpreter */
FUNCTION(clear_at) {
    if (nargs != 1) return HPyErr_SetString(ctx, ctx->h_TypeError, "clear_at(address)");
    HPyGlobal_Store(ctx, (HPyGlobal*)number_of(ctx, args[0]), HPy_NULL);
    return nothing(ctx);
}

/* What the slot holds here: 0 nothing, 1 a value of this key and index, 2 anything else. */
FUNCTION(look_at) {
    if (nargs != 3) return HPyErr_SetString(ctx, ctx->h_TypeError, "look_at(address, key, index)");
    const HPyGlobal* const slot = (const HPyGlobal*)number_of(ctx, args[0]);
    HPy h = HPyGlobal_Load(ctx, *slot);
    if (HPy_IsNull(h)) return HPyLong_FromLong(ctx, 0);
    const Kept* data = Kept_AsStruct(ctx, h);
    const int good = data->key == number_of(ctx, args[1]) && data->index == number_of(ctx, args[2]);
    HPy_Close(ctx, h);
    return HPyLong_FromLong(ctx, good ? 1 : 2);
}

static HPyDef* defines[] = {&begin, &store_at, &clear_at, &look_at, NULL};
static HPyModuleDef definition = {
    .doc = "Slots elsewhere.", .defines = defines, .globals = globals};
NEEDS_NO_GIL(replaced)
HPy_MODINIT(replaced, definition)
