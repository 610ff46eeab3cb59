/* _core.c: the extension module myext._core, for HPy 0.9.
 *
 * It keeps one object in a C static: what remember() was given last. An HPyGlobal has one value for
 * each interpreter, so a module in one interpreter never meets an object of another. */
#include <hpy.h>

static HPyGlobal remembered;
static HPyGlobal* core_globals[] = {&remembered, NULL};

/* Runs in every interpreter that imports the module. -1: an exception is set. */
HPyDef_SLOT(core_exec, HPy_mod_exec)
static int core_exec_impl(HPyContext* ctx, HPy module) {
    (void)module;
    HPyGlobal_Store(ctx, &remembered, ctx->h_None);
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_METH(remember, "remember", HPyFunc_O, .doc = "Keeps an object for this interpreter.")
static HPy remember_impl(HPyContext* ctx, HPy self, HPy object) {
    (void)self;
    HPyGlobal_Store(ctx, &remembered, object);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(recall, "recall", HPyFunc_NOARGS, .doc = "What this interpreter remembers, or None.")
static HPy recall_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyGlobal_Load(ctx, remembered);
}

static HPyDef* core_defines[] = {&core_exec, &remember, &recall, NULL};
static HPyModuleDef core_def = {
    .doc = "What myext is made of.", .defines = core_defines, .globals = core_globals};
HPy_MODINIT(_core, core_def)
