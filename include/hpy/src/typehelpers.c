/* hpy/src/typehelpers.c: behind hpy/typehelpers.h; compiled into every extension. */
#include "hpy.h"

int HPyHelpers_AddType(HPyContext* ctx, HPy obj, const char* name, HPyType_Spec* hpyspec,
                       HPyType_SpecParam* params) {
    const HPy type = HPyType_FromSpec(ctx, hpyspec, params);
    int status;
    if (HPy_IsNull(type)) {
        return 0;
    }
    status = HPy_SetAttr_s(ctx, obj, name, type);
    HPy_Close(ctx, type);
    return status == 0;
}

/* The dict of the names and the values behind the positional arguments; HPy_NULL: an exception. */
static HPy pack_keywords(HPyContext* ctx, const HPy* values, HPy kwnames, HPy_ssize_t count) {
    const HPy dict = HPyDict_New(ctx);
    HPy_ssize_t i;
    for (i = 0; !HPy_IsNull(dict) && i < count; i++) {
        const HPy name = HPy_GetItem_i(ctx, kwnames, i);
        const int failed = HPy_IsNull(name) || HPy_SetItem(ctx, dict, name, values[i]) < 0;
        if (!HPy_IsNull(name)) {
            HPy_Close(ctx, name);
        }
        if (failed) {
            HPy_Close(ctx, dict);
            return HPy_NULL;
        }
    }
    return dict;
}

int HPyHelpers_PackArgsAndKeywords(HPyContext* ctx, const HPy* args, size_t nargs, HPy kwnames,
                                   HPy* out_args_tuple, HPy* out_kwd) {
    HPy_ssize_t named = 0;
    if (out_args_tuple == NULL || out_kwd == NULL) {
        HPyErr_SetString(ctx, ctx->h_SystemError,
                         out_args_tuple == NULL
                             ? "HPyHelpers_PackArgsAndKeywords: 'out_args_tuple' is NULL; the "
                               "address of an HPy was expected."
                             : "HPyHelpers_PackArgsAndKeywords: 'out_kwd' is NULL; the address of "
                               "an HPy was expected.");
        return 0;
    }
    *out_args_tuple = HPy_NULL;
    *out_kwd = HPy_NULL;
    if (!HPy_IsNull(kwnames)) {
        if (!HPyTuple_Check(ctx, kwnames)) {
            HPyErr_SetString(ctx, ctx->h_TypeError,
                             "HPyHelpers_PackArgsAndKeywords: 'kwnames' is not a tuple; the tuple "
                             "of names that the function was called with, or HPy_NULL, was "
                             "expected.");
            return 0;
        }
        named = HPy_Length(ctx, kwnames);
        if (named < 0) {
            return 0;
        }
    }
    if (nargs > 0) {
        *out_args_tuple = HPyTuple_FromArray(ctx, args, (HPy_ssize_t)nargs);
        if (HPy_IsNull(*out_args_tuple)) {
            return 0;
        }
    }
    if (named == 0) {
        return 1;
    }
    *out_kwd = pack_keywords(ctx, args + nargs, kwnames, named);
    if (!HPy_IsNull(*out_kwd)) {
        return 1;
    }
    if (nargs > 0) {
        HPy_Close(ctx, *out_args_tuple);
        *out_args_tuple = HPy_NULL;
    }
    return 0;
}
