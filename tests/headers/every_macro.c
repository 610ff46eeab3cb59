/* every_macro.c: every macro of hpy/macros.h and every signature, once. C11 and C++20. */
#include <hpy.h>

#include <stddef.h>
#include <string.h>

typedef struct {
    double value;
    int count;
    HPyField held;
} Thing;

HPyType_HELPERS(Thing)

typedef struct {
    long extra;
} Wide;

HPyType_HELPERS(Wide, HPyType_BuiltinShape_List)

static int destroyed = 0;
static int finalized = 0;

/* ---- slots of a type, a signature each ---- */

HPyDef_SLOT(Thing_new, HPy_tp_new)
static HPy Thing_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    (void)kw;
    Thing* thing;
    HPy h = HPy_New(ctx, type, &thing);
    if (HPy_IsNull(h)) return HPy_NULL;
    thing->value = nargs > 0 ? HPyFloat_AsDouble(ctx, args[0]) : 0.0;
    if (HPyErr_Occurred(ctx)) {
        HPy_Close(ctx, h);
        return HPy_NULL;
    }
    return h;
}

HPyDef_SLOT(Thing_init, HPy_tp_init)
static int Thing_init_impl(HPyContext* ctx, HPy self, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Thing_AsStruct(ctx, self)->count = (int)nargs + (HPy_IsNull(kw) ? 0 : 100);
    HPyField_Store(ctx, self, &Thing_AsStruct(ctx, self)->held, nargs > 1 ? args[1] : HPy_NULL);
    return 0;
}

HPyDef_SLOT(Thing_repr, HPy_tp_repr)
static HPy Thing_repr_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyUnicode_FromString(ctx, "a thing");
}

HPyDef_SLOT(Thing_hash, HPy_tp_hash)
static HPy_hash_t Thing_hash_impl(HPyContext* ctx, HPy self) {
    return (HPy_hash_t)Thing_AsStruct(ctx, self)->value + 1000;
}

HPyDef_SLOT(Thing_compare, HPy_tp_richcompare)
static HPy Thing_compare_impl(HPyContext* ctx, HPy left, HPy right, HPy_RichCmpOp op) {
    if (!HPy_TypeCheck(ctx, right, ctx->h_FloatType)) return HPy_Dup(ctx, ctx->h_NotImplemented);
    HPy_RETURN_RICHCOMPARE(ctx, Thing_AsStruct(ctx, left)->value, HPyFloat_AsDouble(ctx, right),
                           op);
}

HPyDef_SLOT(Thing_negative, HPy_nb_negative)
static HPy Thing_negative_impl(HPyContext* ctx, HPy self) {
    return HPyFloat_FromDouble(ctx, -Thing_AsStruct(ctx, self)->value);
}

HPyDef_SLOT(Thing_add, HPy_nb_add)
static HPy Thing_add_impl(HPyContext* ctx, HPy left, HPy right) {
    return HPyBool_FromBool(ctx, HPy_Is(ctx, left, right));
}

HPyDef_SLOT_IMPL(Thing_power, my_power, HPy_nb_power)
static HPy my_power(HPyContext* ctx, HPy left, HPy right, HPy third) {
    (void)left;
    (void)right;
    return HPy_Dup(ctx, third);
}

HPyDef_SLOT(Thing_bool, HPy_nb_bool)
static int Thing_bool_impl(HPyContext* ctx, HPy self) {
    return Thing_AsStruct(ctx, self)->value != 0;
}

HPyDef_SLOT(Thing_length, HPy_sq_length)
static HPy_ssize_t Thing_length_impl(HPyContext* ctx, HPy self) {
    (void)ctx;
    (void)self;
    return HPY_SSIZE_T_MAX;
}

HPyDef_SLOT(Thing_item, HPy_sq_item)
static HPy Thing_item_impl(HPyContext* ctx, HPy self, HPy_ssize_t index) {
    (void)self;
    return HPyLong_FromSsize_t(ctx, 2 * index);
}

HPyDef_SLOT(Thing_set_item, HPy_sq_ass_item)
static int Thing_set_item_impl(HPyContext* ctx, HPy self, HPy_ssize_t index, HPy value) {
    Thing_AsStruct(ctx, self)->count = (int)index + (HPy_IsNull(value) ? 5000 : 4000);
    return 0;
}

HPyDef_SLOT(Thing_contains, HPy_sq_contains)
static int Thing_contains_impl(HPyContext* ctx, HPy self, HPy key) {
    (void)self;
    return HPy_Is(ctx, key, ctx->h_None);
}

HPyDef_SLOT(Thing_call, HPy_tp_call)
static HPy Thing_call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    (void)self;
    (void)args;
    const HPy_ssize_t named = HPy_IsNull(kwnames) ? 0 : HPy_Length(ctx, kwnames);
    return HPyLong_FromLong(ctx, 10 * (long)nargs + (long)named);
}

HPyDef_SLOT(Thing_getbuffer, HPy_bf_getbuffer)
static int Thing_getbuffer_impl(HPyContext* ctx, HPy self, HPy_buffer* view, int flags) {
    (void)flags;
    memset(view, 0, sizeof *view);
    view->buf = &Thing_AsStruct(ctx, self)->value;
    view->obj = HPy_Dup(ctx, self);
    view->len = (HPy_ssize_t)sizeof(double);
    view->itemsize = 1;
    view->ndim = 1;
    return 0;
}

HPyDef_SLOT(Thing_releasebuffer, HPy_bf_releasebuffer)
static void Thing_releasebuffer_impl(HPyContext* ctx, HPy self, HPy_buffer* view) {
    Thing_AsStruct(ctx, self)->count = (int)view->len;
}

HPyDef_SLOT(Thing_traverse, HPy_tp_traverse)
static int Thing_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Thing*)self)->held);
    return 0;
}

HPyDef_SLOT(Thing_destroy, HPy_tp_destroy)
static void Thing_destroy_impl(void* self) {
    (void)self;
    destroyed++;
}

HPyDef_SLOT(Thing_finalize, HPy_tp_finalize)
static void Thing_finalize_impl(HPyContext* ctx, HPy self) {
    (void)ctx;
    (void)self;
    finalized++;
}

/* ---- members and attributes ---- */

HPyDef_MEMBER(Thing_value, "value", HPyMember_DOUBLE, offsetof(Thing, value))
HPyDef_MEMBER(Thing_count, "count", HPyMember_INT, offsetof(Thing, count), .readonly = 1,
              .doc = "how many")

HPyDef_GET(Thing_held, "held")
static HPy Thing_held_get(HPyContext* ctx, HPy self, void* closure) {
    const HPyField held = Thing_AsStruct(ctx, self)->held;
    if (closure != NULL) return HPyErr_SetString(ctx, ctx->h_SystemError, "a closure");
    if (HPyField_IsNull(held)) return HPy_Dup(ctx, ctx->h_None);
    return HPyField_Load(ctx, self, held);
}

static int bonus = 7;

HPyDef_GET(Thing_bonus, "bonus", .doc = "by a closure", .closure = &bonus)
static HPy Thing_bonus_get(HPyContext* ctx, HPy self, void* closure) {
    (void)self;
    return HPyLong_FromLong(ctx, *(int*)closure);
}

HPyDef_SET(Thing_only_set, "only_set", .closure = &bonus)
static int Thing_only_set_set(HPyContext* ctx, HPy self, HPy value, void* closure) {
    const long given = HPy_IsNull(value) ? -1 : HPyLong_AsLong(ctx, value);
    Thing_AsStruct(ctx, self)->count = (int)given + *(int*)closure;
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_GETSET(Thing_twice, "twice", .doc = "twice the value")
static HPy Thing_twice_get(HPyContext* ctx, HPy self, void* closure) {
    (void)closure;
    return HPyFloat_FromDouble(ctx, 2 * Thing_AsStruct(ctx, self)->value);
}
static int Thing_twice_set(HPyContext* ctx, HPy self, HPy value, void* closure) {
    (void)closure;
    Thing_AsStruct(ctx, self)->value = HPyFloat_AsDouble(ctx, value) / 2;
    return HPyErr_Occurred(ctx) ? -1 : 0;
}

HPyDef_METH(Thing_counts, "counts", HPyFunc_NOARGS, .doc = "destroyed, finalized")
static HPy Thing_counts_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPy_BuildValue(ctx, "(ii)", destroyed, finalized);
}

/* ---- a call function of one instance ---- */

HPyDef_CALL_FUNCTION(other_call)
static HPy other_call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    (void)self;
    (void)args;
    return HPyLong_FromSize_t(ctx, nargs + (HPy_IsNull(kwnames) ? 500 : 600));
}

HPyDef_METH(Thing_change, "change", HPyFunc_NOARGS)
static HPy Thing_change_impl(HPyContext* ctx, HPy self) {
    if (HPy_SetCallFunction(ctx, self, &other_call) != 0) return HPy_NULL;
    return HPy_Dup(ctx, ctx->h_None);
}

static HPyDef* Thing_defines[] = {
    &Thing_new,      &Thing_init,     &Thing_repr,          &Thing_hash,
    &Thing_compare,  &Thing_negative, &Thing_add,           &Thing_power,
    &Thing_bool,     &Thing_length,   &Thing_item,          &Thing_set_item,
    &Thing_contains, &Thing_call,     &Thing_getbuffer,     &Thing_traverse,
    &Thing_destroy,  &Thing_finalize, &Thing_releasebuffer, &Thing_value,
    &Thing_count,    &Thing_held,     &Thing_bonus,         &Thing_only_set,
    &Thing_twice,    &Thing_counts,   &Thing_change,        NULL,
};
static HPyType_Spec Thing_spec = {
    .name = "every_macro.Thing",
    .basicsize = sizeof(Thing),
    .itemsize = 0,
    .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE | HPy_TPFLAGS_HAVE_GC,
    .builtin_shape = SHAPE(Thing),
    .legacy_slots = NULL,
    .defines = Thing_defines,
    .doc = NULL,
};

HPyDef_METH(Wide_extra, "extra", HPyFunc_NOARGS)
static HPy Wide_extra_impl(HPyContext* ctx, HPy self) {
    return HPyLong_FromLong(ctx, ++Wide_AsStruct(ctx, self)->extra);
}

static HPyDef* Wide_defines[] = {&Wide_extra, NULL};
static HPyType_Spec Wide_spec = {
    .name = "every_macro.Wide",
    .basicsize = sizeof(Wide),
    .itemsize = 0,
    .flags = HPy_TPFLAGS_DEFAULT,
    .builtin_shape = SHAPE(Wide),
    .legacy_slots = NULL,
    .defines = Wide_defines,
    .doc = NULL,
};

/* ---- functions of the module ---- */

HPyDef_METH(noargs, "noargs", HPyFunc_NOARGS)
static HPy noargs_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyLong_FromLong(ctx, 1);
}

HPyDef_METH(one, "one", HPyFunc_O, .doc = "gives it back")
static HPy one_impl(HPyContext* ctx, HPy self, HPy arg) {
    (void)self;
    return HPy_Dup(ctx, arg);
}

HPyDef_METH_IMPL(many, "many", my_many, HPyFunc_VARARGS, .doc = "the last one")
static HPy my_many(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    (void)self;
    return nargs == 0 ? HPy_Dup(ctx, ctx->h_None) : HPy_Dup(ctx, args[nargs - 1]);
}

HPyDef_METH(named, "named", HPyFunc_KEYWORDS)
static HPy named_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    static const char* keywords[] = {"a", "b", NULL};
    long a = 0, b = 0;
    (void)self;
    if (!HPyArg_ParseKeywords(ctx, NULL, args, nargs, kwnames, "l|l", keywords, &a, &b))
        return HPy_NULL;
    return HPyLong_FromLong(ctx, 10 * a + b);
}

static int capsules_ended = 0;

HPyCapsule_DESTRUCTOR(capsule_end) static void capsule_end_impl(const char* name, void* pointer,
                                                                void* context) {
    if (strcmp(name, "every_macro") == 0 && context == NULL) capsules_ended += *(int*)pointer;
}

HPyDef_METH(capsule, "capsule", HPyFunc_NOARGS)
static HPy capsule_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyCapsule_New(ctx, &bonus, "every_macro", &capsule_end);
}

HPyDef_METH(ended, "ended", HPyFunc_NOARGS)
static HPy ended_impl(HPyContext* ctx, HPy self) {
    int seen;
    (void)self;
    HPy_BEGIN_LEAVE_PYTHON(ctx) seen = capsules_ended;
    HPy_END_LEAVE_PYTHON(ctx) return HPyLong_FromLong(ctx, seen);
}

static int add_type(HPyContext* ctx, HPy module, HPyType_Spec* spec, const char* name, HPy base) {
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, base},
                                  {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    return HPyHelpers_AddType(ctx, module, name, spec, HPy_IsNull(base) ? NULL : params) ? 0 : -1;
}

HPyDef_SLOT(module_exec, HPy_mod_exec)
static int module_exec_impl(HPyContext* ctx, HPy module) {
    if (add_type(ctx, module, &Thing_spec, "Thing", HPy_NULL) != 0) return -1;
    return add_type(ctx, module, &Wide_spec, "Wide", ctx->h_ListType);
}

static HPyDef* module_defines[] = {&noargs,  &one,   &many,        &named,
                                   &capsule, &ended, &module_exec, NULL};
static HPyModuleDef module_def = {
    .doc = "every macro",
    .size = 0,
    .legacy_methods = NULL,
    .defines = module_defines,
    .globals = NULL,
};

HPy_MODINIT(every_macro, module_def)
