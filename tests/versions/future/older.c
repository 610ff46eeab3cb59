/* older.c: an extension for HPy 0.9 that calls what 1.0 removed and changed. */
#include <hpy.h>
#include <hpystate/sibling.h>

static HPyGlobal kept;
static HPyGlobal* globals[] = {&kept, NULL};

HPyDef_METH(put, "put", HPyFunc_O)
static HPy put_impl(HPyContext* ctx, HPy self, HPy value) {
    HPyGlobal_Store(ctx, &kept, value);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(get, "get", HPyFunc_NOARGS)
static HPy get_impl(HPyContext* ctx, HPy self) {
    HPy found = HPyGlobal_Load(ctx, kept);
    return HPy_IsNull(found) ? HPyUnicode_FromString(ctx, "nothing") : found;
}

/* removed in 1.0 */
HPyDef_METH(keys, "keys", HPyFunc_O)
static HPy keys_impl(HPyContext* ctx, HPy self, HPy dict) {
    return HPyDict_Keys(ctx, dict);
}

/* removed in 1.0 */
HPyDef_METH(without_x, "without_x", HPyFunc_O)
static HPy without_x_impl(HPyContext* ctx, HPy self, HPy object) {
    return HPy_DelItem_s(ctx, object, "x") < 0 ? HPy_NULL : HPy_Dup(ctx, object);
}

/* changed in 1.0 */
HPyDef_METH(hash_of, "hash_of", HPyFunc_O)
static HPy hash_of_impl(HPyContext* ctx, HPy self, HPy value) {
    HPy_hash_t hash = HPy_Hash(ctx, value);
    return hash == -1 ? HPy_NULL : HPyLong_FromSsize_t(ctx, hash);
}

/* through the context of 1.0 and back; HPy_NULL where that is this context */
HPyDef_METH(there_and_back, "there_and_back", HPyFunc_O)
static HPy there_and_back_impl(HPyContext* ctx, HPy self, HPy value) {
    HPyContext* newer = hpystate_context_for(ctx, 1, 0);
    if (newer == NULL || newer == ctx) return HPy_NULL;
    return hpystate_give(newer, ctx, hpystate_lend(ctx, newer, value));
}

static HPyDef* defines[] = {&put, &get, &keys, &without_x, &hash_of, &there_and_back, NULL};
static HPyModuleDef older_def = {.defines = defines, .globals = globals};
HPy_MODINIT(older, older_def)
