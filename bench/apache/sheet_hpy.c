/* sheet_hpy.c: the module `sheet` as an HPy extension: statics with a value per interpreter. */
#include <hpy.h>

static HPyGlobal title; /* whose pages these are; start() */
static HPyGlobal cache; /* number -> (title, number): what earlier pages had */
static HPyGlobal* sheet_globals[] = {&title, &cache, NULL};

enum { KEYS = 64 };

HPyDef_SLOT(sheet_exec, HPy_mod_exec)
static int sheet_exec_impl(HPyContext* ctx, HPy module) {
    HPy made = HPyDict_New(ctx);
    if (HPy_IsNull(made)) return -1;
    HPyGlobal_Store(ctx, &cache, made);
    HPy_Close(ctx, made);
    HPyGlobal_Store(ctx, &title, ctx->h_None);
    return 0;
}

HPyDef_METH(start, "start", HPyFunc_O, .doc = "start(title): whose pages page() makes.")
static HPy start_impl(HPyContext* ctx, HPy self, HPy to) {
    HPyGlobal_Store(ctx, &title, to);
    return HPy_Dup(ctx, ctx->h_None);
}

/* The entry of `key`, made where it is missing; a new handle. */
static HPy entry_of(HPyContext* ctx, HPy known, HPy key) {
    if (HPy_Contains(ctx, known, key) == 1) return HPy_GetItem(ctx, known, key);
    HPy owner = HPyGlobal_Load(ctx, title);
    HPy entry = HPyTuple_Pack(ctx, 2, owner, key);
    HPy_Close(ctx, owner);
    if (!HPy_IsNull(entry) && HPy_SetItem(ctx, known, key, entry) < 0) {
        HPy_Close(ctx, entry);
        return HPy_NULL;
    }
    return entry;
}

/* Adds the value of one row to *total, and 1 to *foreign if another title made its entry. */
static int add_row(HPyContext* ctx, long number, long* total, long* foreign) {
    HPy known = HPyGlobal_Load(ctx, cache), owner = HPyGlobal_Load(ctx, title);
    HPy key = HPyLong_FromLong(ctx, number % KEYS);
    HPy entry = HPy_IsNull(key) ? HPy_NULL : entry_of(ctx, known, key);
    HPy made_by = HPy_NULL, value = HPy_NULL;
    if (!HPy_IsNull(entry)) {
        made_by = HPy_GetItem_i(ctx, entry, 0);
        value = HPy_GetItem_i(ctx, entry, 1);
    }
    if (!HPy_IsNull(value)) {
        *total += HPyLong_AsLong(ctx, value);
        *foreign += !HPy_Is(ctx, made_by, owner);
    }
    HPy all[] = {known, owner, key, entry, made_by, value};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (!HPy_IsNull(all[i])) HPy_Close(ctx, all[i]);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_METH(page, "page", HPyFunc_VARARGS,
            .doc = "page(number, rows): (title, number, sum of the rows, rows of another title).")
static HPy page_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    long number, rows, total = 0, foreign = 0;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "ll:page", &number, &rows)) return HPy_NULL;
    for (long i = 0; i < rows; i++)
        if (add_row(ctx, number + i, &total, &foreign) < 0) return HPy_NULL;
    HPy owner = HPyGlobal_Load(ctx, title);
    HPy answer = HPy_BuildValue(ctx, "(Olll)", owner, number, total, foreign);
    HPy_Close(ctx, owner);
    return answer;
}

static HPyDef* sheet_defines[] = {&sheet_exec, &start, &page, NULL};
static HPyModuleDef sheet_def = {.defines = sheet_defines, .globals = sheet_globals};
HPy_MODINIT(sheet, sheet_def)
