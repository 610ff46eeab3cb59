/* kept_hpy.c: an HPy extension that keeps a dict, a type and a text in globals. kept_c.c and
 * kept_pybind.cpp do the same work in their way. */
#include <hpy.h>

typedef struct {
    long number;
} Thing;
HPyType_HELPERS(Thing)

static HPyGlobal cache, thing, key;
static HPyGlobal* kept[] = {&cache, &thing, &key, NULL};

static HPyType_Spec thing_spec = {.name = "kept_hpy.Thing", .basicsize = sizeof(Thing)};

/* Stores what was made; closes it. -1 with an exception where it could not be made. */
static int keep(HPyContext* ctx, HPyGlobal* global, HPy made) {
    if (HPy_IsNull(made)) return -1;
    HPyGlobal_Store(ctx, global, made);
    HPy_Close(ctx, made);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_SLOT(on_exec, HPy_mod_exec)
static int on_exec_impl(HPyContext* ctx, HPy module) {
    if (keep(ctx, &cache, HPyDict_New(ctx)) < 0) return -1;
    if (keep(ctx, &thing, HPyType_FromSpec(ctx, &thing_spec, NULL)) < 0) return -1;
    return keep(ctx, &key, HPyUnicode_FromString(ctx, "the last thing"));
}

/* use(n): n times a new Thing for the cache; how many entries that has then. */
HPyDef_METH(use, "use", HPyFunc_O)
static HPy use_impl(HPyContext* ctx, HPy self, HPy arg) {
    const long n = HPyLong_AsLong(ctx, arg);
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    for (long i = 0; i < n; ++i) {
        HPy type = HPyGlobal_Load(ctx, thing), dict = HPyGlobal_Load(ctx, cache);
        HPy name = HPyGlobal_Load(ctx, key);
        Thing* data;
        HPy made = HPy_New(ctx, type, &data);
        int failed = HPy_IsNull(made);
        if (!failed) {
            data->number = i;
            failed = HPy_SetItem(ctx, dict, name, made) < 0;
            HPy_Close(ctx, made);
        }
        HPy_Close(ctx, type);
        HPy_Close(ctx, dict);
        HPy_Close(ctx, name);
        if (failed) return HPy_NULL;
    }
    HPy dict = HPyGlobal_Load(ctx, cache);
    const HPy_ssize_t count = HPy_Length(ctx, dict);
    HPy_Close(ctx, dict);
    return count < 0 ? HPy_NULL : HPyLong_FromSsize_t(ctx, count);
}

static HPyDef* defines[] = {&on_exec, &use, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = kept};
HPy_MODINIT(kept_hpy, definition)
