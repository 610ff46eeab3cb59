/* newer.c: an extension for HPy 1.0, which is invented: compiled with the headers of a seed. */
#include <hpy.h>

#if HPY_ABI_VERSION != 1
#error "newer.c: the headers of HPy 1.0 were expected"
#endif

static HPyGlobal kept, type;
static HPyGlobal* globals[] = {&kept, &type, NULL};

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

/* the changed signature */
HPyDef_METH(hash_of, "hash_of", HPyFunc_O)
static HPy hash_of_impl(HPyContext* ctx, HPy self, HPy value) {
    HPy_hash_t hash = 0;
    if (HPy_Hash(ctx, value, &hash) < 0) return HPy_NULL;
    return HPyLong_FromSsize_t(ctx, hash);
}

/* the added function */
HPyDef_METH(attribute_or, "attribute_or", HPyFunc_VARARGS)
static HPy attribute_or_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPy object, fallback;
    const char* name;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "OsO", &object, &name, &fallback)) return HPy_NULL;
    return HPy_GetAttrOr_s(ctx, object, name, fallback);
}

HPyDef_METH(build, "build", HPyFunc_KEYWORDS)
static HPy build_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    static const char* names[] = {"number", "text", NULL};
    HPyTracker tracker;
    long number = 0;
    const char* text = "";
    HPy list, result = HPy_NULL;
    HPyListBuilder items;
    if (!HPyArg_ParseKeywords(ctx, &tracker, args, nargs, kwnames, "l|s", names, &number, &text))
        return HPy_NULL;
    items = HPyListBuilder_New(ctx, 2);
    list = HPyLong_FromLong(ctx, number);
    HPyListBuilder_Set(ctx, items, 0, list);
    HPyListBuilder_Set(ctx, items, 1, ctx->h_Ellipsis);
    HPy_Close(ctx, list);
    list = HPyListBuilder_Build(ctx, items);
    if (!HPy_IsNull(list))
        result = HPy_BuildValue(ctx, "(Os{s:d})", list, text, "half", number / 2.0);
    HPy_Close(ctx, list);
    HPyTracker_Close(ctx, tracker);
    return result;
}

HPyDef_METH(fail, "fail", HPyFunc_O)
static HPy fail_impl(HPyContext* ctx, HPy self, HPy kind) {
    HPyErr_Format(ctx, ctx->h_ValueError, "%S is not wanted", kind);
    return HPy_NULL;
}

/* By the trampoline that the headers wrote beside the function. Not in debug mode, in which a
 * handle is not the object's address. */
HPyDef_METH(twice, "twice", HPyFunc_O)
static HPy twice_impl(HPyContext* ctx, HPy self, HPy value) {
    return HPy_Add(ctx, value, value);
}

HPyDef_METH(by_trampoline, "by_trampoline", HPyFunc_O)
static HPy by_trampoline_impl(HPyContext* ctx, HPy self, HPy value) {
    HPy result = {(intptr_t)twice_trampoline((cpy_PyObject*)self._i, (cpy_PyObject*)value._i)};
    return result;
}

HPyDef_METH(get_by_trampoline, "get_by_trampoline", HPyFunc_NOARGS)
static HPy get_by_trampoline_impl(HPyContext* ctx, HPy self) {
    HPy result = {(intptr_t)get_trampoline((cpy_PyObject*)self._i)};
    return result;
}

/* ---- a type: its functions get a context of 1.0 too ---- */

typedef struct {
    HPyField held;
    long number;
} Box;
HPyType_HELPERS(Box)

HPyDef_CALL_FUNCTION(Box_called)
static HPy Box_called_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    return HPyLong_FromLong(ctx, Box_AsStruct(ctx, self)->number + (long)nargs);
}

/* for an instance without a function of its own: there is none, so this is not called */
HPyDef_SLOT(Box_call, HPy_tp_call)
static HPy Box_call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    return HPyLong_FromLong(ctx, -1);
}

HPyDef_SLOT(Box_new, HPy_tp_new)
static HPy Box_new_impl(HPyContext* ctx, HPy cls, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Box* box;
    HPy h;
    long number;
    if (!HPyArg_Parse(ctx, NULL, args, nargs, "l", &number)) return HPy_NULL;
    h = HPy_New(ctx, cls, &box);
    if (HPy_IsNull(h)) return HPy_NULL;
    box->number = number;
    HPyField_Store(ctx, h, &box->held, ctx->h_None);
    if (HPy_SetCallFunction(ctx, h, &Box_called) < 0) {
        HPy_Close(ctx, h);
        return HPy_NULL;
    }
    return h;
}

HPyDef_SLOT(Box_traverse, HPy_tp_traverse)
static int Box_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Box*)self)->held);
    return 0;
}

HPyDef_SLOT(Box_compare, HPy_tp_richcompare)
static HPy Box_compare_impl(HPyContext* ctx, HPy self, HPy other, HPy_RichCmpOp op) {
    HPy box = HPyGlobal_Load(ctx, type);
    int same = HPy_TypeCheck(ctx, other, box);
    HPy_Close(ctx, box);
    if (!same) return HPy_Dup(ctx, ctx->h_NotImplemented);
    HPy_RETURN_RICHCOMPARE(ctx, Box_AsStruct(ctx, self)->number, Box_AsStruct(ctx, other)->number,
                           op);
}

HPyDef_GETSET(Box_held, "held")
static HPy Box_held_get(HPyContext* ctx, HPy self, void* closure) {
    return HPyField_Load(ctx, self, Box_AsStruct(ctx, self)->held);
}
static int Box_held_set(HPyContext* ctx, HPy self, HPy value, void* closure) {
    HPyField_Store(ctx, self, &Box_AsStruct(ctx, self)->held, value);
    return 0;
}

HPyDef_MEMBER(Box_number, "number", HPyMember_LONG, offsetof(Box, number))

static HPyDef* box_defines[] = {&Box_new,    &Box_traverse, &Box_compare, &Box_held,
                                &Box_number, &Box_call,     NULL};
static HPyType_Spec box_spec = {.name = "newer.Box",
                                .basicsize = sizeof(Box),
                                .builtin_shape = SHAPE(Box),
                                .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE |
                                         HPy_TPFLAGS_HAVE_GC,
                                .defines = box_defines};

HPyDef_SLOT(exec, HPy_mod_exec)
static int exec_impl(HPyContext* ctx, HPy module) {
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, ctx->h_BaseObjectType}, {0}};
    HPy box = HPyType_FromSpec(ctx, &box_spec, params);
    int result = HPy_IsNull(box) ? -1 : HPy_SetAttr_s(ctx, module, "Box", box);
    if (result == 0) HPyGlobal_Store(ctx, &type, box);
    HPy_Close(ctx, box);
    return result;
}

static HPyDef* defines[] = {&put,  &get,   &hash_of,       &attribute_or,      &build,
                            &fail, &twice, &by_trampoline, &get_by_trampoline, &exec,
                            NULL};
static HPyModuleDef newer_def = {.defines = defines, .globals = globals};
HPy_MODINIT(newer, newer_def)
