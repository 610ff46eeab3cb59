/* calls.c: every fused call as a Python function; compiled once, run by several runtimes. */
#include <hpy.h>
#include <hpystate/fused.h>

static HPyGlobal slots[8];
static HPyGlobal never; /* listed nowhere, stored never */
static int made;

#define FUNCTION(name)                                                                             \
    HPyDef_METH(name, #name, HPyFunc_VARARGS)                                                      \
    static HPy name##_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs)
#define GLOBAL (*slot(ctx, args[0]))
#define ARG(i) ((i) < nargs && !HPy_Is(ctx, args[i], ctx->h_Ellipsis) ? args[i] : HPy_NULL)

static HPyGlobal* slot(HPyContext* ctx, HPy number) {
    long i = HPyLong_AsLong(ctx, number);
    return i < 0 ? &never : &slots[i];
}

static HPy none(HPyContext* ctx) {
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

static HPy number(HPyContext* ctx, long value) {
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPyLong_FromLong(ctx, value);
}

typedef struct {
    long value;
} Thing;
HPyType_HELPERS(Thing)
HPyDef_SLOT(Thing_new, HPy_tp_new)
static HPy Thing_new_impl(HPyContext* ctx, HPy cls, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Thing* data;
    return HPy_New(ctx, cls, &data);
}
HPyDef_MEMBER(Thing_value, "value", HPyMember_LONG, offsetof(Thing, value))
static HPyDef* thing_defines[] = {&Thing_new, &Thing_value, NULL};
static HPyType_Spec thing_spec = {.name = "fused_calls.Thing",
                                  .basicsize = sizeof(Thing),
                                  .builtin_shape = SHAPE(Thing),
                                  .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE,
                                  .defines = thing_defines};

FUNCTION(put) {
    HPyGlobal_Store(ctx, slot(ctx, args[0]), ARG(1));
    return none(ctx);
}
FUNCTION(make_type) {
    return HPyType_FromSpec(ctx, &thing_spec, NULL);
}
FUNCTION(type_check) {
    return number(ctx, HPy_TypeCheck_g(ctx, ARG(1), GLOBAL));
}
FUNCTION(is) {
    return number(ctx, HPy_Is_g(ctx, ARG(1), GLOBAL));
}
FUNCTION(new) {
    Thing* thing = (Thing*)1;
    HPy h = HPy_New_g(ctx, GLOBAL, &thing);
    if (!HPy_IsNull(h)) thing->value = 7;
    return h;
}
FUNCTION(generic_new) {
    return HPyType_GenericNew_g(ctx, GLOBAL, NULL, 0, HPy_NULL);
}
FUNCTION(call) {
    return HPy_Call_g(ctx, GLOBAL, args + 1, nargs - 1, HPy_NULL);
}
/* the last argument is the tuple of names */
FUNCTION(call_named) {
    HPy names = args[nargs - 1];
    size_t count = (size_t)HPy_Length(ctx, names);
    return HPy_Call_g(ctx, GLOBAL, args + 1, nargs - 2 - count, names);
}
FUNCTION(tuple_dict) {
    return HPy_CallTupleDict_g(ctx, GLOBAL, ARG(1), ARG(2));
}
FUNCTION(method) {
    return HPy_CallMethod_g(ctx, GLOBAL, args + 1, nargs - 1, HPy_NULL);
}
FUNCTION(method_s) {
    const char* name = HPyUnicode_AsUTF8AndSize(ctx, args[0], NULL);
    return name ? HPy_CallMethod_s(ctx, name, args + 1, nargs - 1, HPy_NULL) : HPy_NULL;
}
FUNCTION(is_subtype) {
    return number(ctx, HPyType_IsSubtype_g(ctx, ARG(1), GLOBAL));
}
FUNCTION(as_struct) {
    Thing* thing = (Thing*)HPy_AsStruct_g(ctx, GLOBAL, HPyType_BuiltinShape_Object);
    return thing ? HPyLong_FromLong(ctx, thing->value) : HPy_NULL;
}
FUNCTION(as_shape) {
    HPyType_BuiltinShape shape = (HPyType_BuiltinShape)HPyLong_AsLong(ctx, args[1]);
    HPy_AsStruct_g(ctx, GLOBAL, shape);
    return none(ctx);
}
FUNCTION(set_string) {
    return HPyErr_SetString_g(ctx, GLOBAL, "text");
}
FUNCTION(set_object) {
    return HPyErr_SetObject_g(ctx, GLOBAL, ARG(1));
}
FUNCTION(set_format) {
    return HPyErr_Format_g(ctx, GLOBAL, "%d and %s", 3, "four");
}
/* raises args[1], asks, and tells whether it matched */
FUNCTION(matches) {
    int found;
    HPyErr_SetString(ctx, args[1], "set before");
    found = HPyErr_ExceptionMatches_g(ctx, GLOBAL);
    if (!HPyErr_ExceptionMatches(ctx, args[1])) return HPy_NULL;
    HPyErr_Clear(ctx);
    return HPyLong_FromLong(ctx, found);
}
FUNCTION(get_item) {
    return HPy_GetItem_g(ctx, GLOBAL, ARG(1));
}
FUNCTION(set_item) {
    return number(ctx, HPy_SetItem_g(ctx, GLOBAL, ARG(1), ARG(2)));
}
FUNCTION(contains) {
    return number(ctx, HPy_Contains_g(ctx, GLOBAL, ARG(1)));
}
FUNCTION(get_attr) {
    return HPy_GetAttr_g(ctx, ARG(1), GLOBAL);
}
FUNCTION(variable) {
    HPy found = HPy_NULL;
    if (HPyContextVar_Get_g(ctx, GLOBAL, ARG(1), &found) < 0) return HPy_NULL;
    return HPy_IsNull(found) ? none(ctx) : found;
}
FUNCTION(borrow) {
    HPy lent = HPyGlobal_Borrow(ctx, GLOBAL);
    return HPy_IsNull(lent) ? HPy_NULL : HPy_Dup(ctx, lent);
}
/* borrows, stores args[1], then looks at what it borrowed */
FUNCTION(borrow_too_long) {
    HPy lent = HPyGlobal_Borrow(ctx, GLOBAL);
    HPyGlobal_Store(ctx, slot(ctx, args[0]), args[1]);
    return HPy_Dup(ctx, lent);
}
FUNCTION(close_lent) {
    HPy_Close(ctx, HPyGlobal_Borrow(ctx, GLOBAL));
    return none(ctx);
}

static HPy call_back(HPyContext* ctx, void* arg) {
    made++;
    return HPy_Call(ctx, *(HPy*)arg, NULL, 0, HPy_NULL);
}
static HPy silent(HPyContext* ctx, void* arg) {
    (void)ctx, (void)arg;
    return HPy_NULL;
}
FUNCTION(load_or_init) {
    HPy callable = args[1];
    return HPyGlobal_LoadOrInit(ctx, slot(ctx, args[0]), &call_back, &callable);
}
FUNCTION(init_silently) {
    return HPyGlobal_LoadOrInit(ctx, slot(ctx, args[0]), &silent, NULL);
}
FUNCTION(without_init) {
    return HPyGlobal_LoadOrInit(ctx, slot(ctx, args[0]), NULL, NULL);
}
FUNCTION(without_slot) {
    return HPyGlobal_LoadOrInit(ctx, NULL, &silent, NULL);
}
FUNCTION(import) {
    const char* module = HPyUnicode_AsUTF8AndSize(ctx, args[1], NULL);
    HPy name = ARG(2);
    const char* attribute = HPy_IsNull(name) ? NULL : HPyUnicode_AsUTF8AndSize(ctx, name, NULL);
    return HPyGlobal_Import(ctx, slot(ctx, args[0]), module, attribute);
}
FUNCTION(import_nothing) {
    return HPyGlobal_Import(ctx, slot(ctx, args[0]), NULL, NULL);
}
FUNCTION(count_made) {
    return HPyLong_FromLong(ctx, made);
}
/* whether a runtime filled the link of this file */
FUNCTION(linked) {
    const void* own = &hpystate_fused_state;
    return HPyBool_FromBool(ctx, (const void*)hpystate_plain_table() != own);
}

static HPyDef* defines[] = {&put,
                            &make_type,
                            &type_check,
                            &is,
                            &new,
                            &generic_new,
                            &call,
                            &call_named,
                            &tuple_dict,
                            &method,
                            &method_s,
                            &is_subtype,
                            &as_struct,
                            &as_shape,
                            &set_string,
                            &set_object,
                            &set_format,
                            &matches,
                            &get_item,
                            &set_item,
                            &contains,
                            &get_attr,
                            &variable,
                            &borrow,
                            &close_lent,
                            &load_or_init,
                            &init_silently,
                            &without_init,
                            &without_slot,
                            &import,
                            &count_made,
                            &import_nothing,
                            &linked,
                            &borrow_too_long,
                            NULL};
static HPyGlobal* globals[] = {&slots[0], &slots[1], &slots[2], &slots[3], &slots[4],
                               &slots[5], &slots[6], &slots[7], NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(fused_calls, definition)
