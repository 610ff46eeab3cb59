/* builder_hpy.c: builds nested dicts and lists out of tokens, as a parser's back end does: HPy.
 *
 * builder_c.c line by line; what is a static there is a global here.
 */
#include "globals.h"

static HPyGlobal open_list, open_dict, close_one, Key_Type, DecimalText_Type, Decimal;

/* store(open_list, open_dict, close, Key, DecimalText, Decimal) */
HPyDef_METH(store, "store", HPyFunc_VARARGS)
static HPy store_impl(HPyContext* ctx, HPy module, const HPy* args, size_t nargs) {
    HPyGlobal* const all[] = {&open_list, &open_dict,        &close_one,
                              &Key_Type,  &DecimalText_Type, &Decimal};
    for (size_t i = 0; i < nargs && i < 6; i++)
        HPyGlobal_Store(ctx, all[i], args[i]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

static HPy build_one(HPyContext* ctx, HPy tokens, HPy_ssize_t* at);

static HPy next_token(HPyContext* ctx, HPy tokens, HPy_ssize_t* at) {
    return HPy_GetItem_i(ctx, tokens, (*at)++);
}

static HPy build_list(HPyContext* ctx, HPy tokens, HPy_ssize_t* at) {
    HPy list = HPyList_New(ctx, 0);
    while (!HPy_IsNull(list)) {
        HPy token = next_token(ctx, tokens, at), item;
        int failed;
        if (HPy_IsNull(token)) break;
        failed = IS_GLOBAL(token, close_one);
        HPy_Close(ctx, token);
        if (failed) return list;
        (*at)--;
        item = build_one(ctx, tokens, at);
        if (HPy_IsNull(item)) break;
        failed = HPyList_Append(ctx, list, item) < 0;
        HPy_Close(ctx, item);
        if (failed) break;
    }
    HPy_Close(ctx, list);
    return HPy_NULL;
}

static HPy build_dict(HPyContext* ctx, HPy tokens, HPy_ssize_t* at) {
    HPy dict = HPyDict_New(ctx);
    while (!HPy_IsNull(dict)) {
        HPy token = next_token(ctx, tokens, at), item;
        int failed;
        if (HPy_IsNull(token)) break;
        if (IS_GLOBAL(token, close_one)) {
            HPy_Close(ctx, token);
            return dict;
        }
        if (!IS_INSTANCE(token, Key_Type)) {
            HPyErr_SetString(ctx, ctx->h_ValueError, "a key was expected");
            HPy_Close(ctx, token);
            break;
        }
        item = build_one(ctx, tokens, at);
        failed = HPy_IsNull(item) || HPy_SetItem(ctx, dict, token, item) < 0;
        HPy_Close(ctx, token);
        if (!HPy_IsNull(item)) HPy_Close(ctx, item);
        if (failed) break;
    }
    if (!HPy_IsNull(dict)) HPy_Close(ctx, dict);
    return HPy_NULL;
}

static HPy build_one(HPyContext* ctx, HPy tokens, HPy_ssize_t* at) {
    HPy token = next_token(ctx, tokens, at), made = token;
    if (HPy_IsNull(token)) return HPy_NULL;
    if (IS_GLOBAL(token, open_list)) {
        made = build_list(ctx, tokens, at);
    } else if (IS_GLOBAL(token, open_dict)) {
        made = build_dict(ctx, tokens, at);
    } else if (IS_INSTANCE(token, DecimalText_Type)) {
        made = CALL(Decimal, &token, 1);
    } else {
        return token;
    }
    HPy_Close(ctx, token);
    return made;
}

HPyDef_METH(build, "build", HPyFunc_O)
static HPy build_impl(HPyContext* ctx, HPy module, HPy tokens) {
    HPy_ssize_t at = 0;
    return build_one(ctx, tokens, &at);
}

static HPyDef* defines[] = {&store, &build, NULL};
static HPyGlobal* globals[] = {&open_list,        &open_dict, &close_one, &Key_Type,
                               &DecimalText_Type, &Decimal,   NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(builder_hpy, definition)
