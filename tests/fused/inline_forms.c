/* inline_forms.c: calls each function that hpystate/inline_forms.h has in an inline form. */
#include <hpy.h>
#include <hpystate/fused.h>

#if defined(OTHER_LAYOUT) /* runs before the loader fills the link */
__attribute__((constructor)) static void compile_for_another_layout(void) {
    hpystate_fused_state.layout = HPYSTATE_OBJECT_LAYOUT + 1;
}
#endif

static HPyGlobal held, many[(1 << 17) + 1]; /* the last of them shares the place of the first */

typedef struct {
    HPyField field;
    int number;
} Owner;
HPyType_HELPERS(Owner)

HPyDef_SLOT(Owner_new, HPy_tp_new)
static HPy Owner_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Owner* data;
    HPy made = HPy_New(ctx, type, &data);
    if (!HPy_IsNull(made)) data->number = 7;
    return made;
}
HPyDef_SLOT(Owner_traverse, HPy_tp_traverse)
static int Owner_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Owner*)self)->field);
    return 0;
}
HPyDef_METH(Owner_set, "set", HPyFunc_O)
static HPy Owner_set_impl(HPyContext* ctx, HPy self, HPy value) {
    HPyField_Store(ctx, self, &Owner_AsStruct(ctx, self)->field, value);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Owner_clear, "clear", HPyFunc_NOARGS)
static HPy Owner_clear_impl(HPyContext* ctx, HPy self) {
    HPyField_Store(ctx, self, &Owner_AsStruct(ctx, self)->field, HPy_NULL);
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Owner_get, "get", HPyFunc_NOARGS)
static HPy Owner_get_impl(HPyContext* ctx, HPy self) {
    HPy value = HPyField_Load(ctx, self, Owner_AsStruct(ctx, self)->field);
    return HPy_IsNull(value) ? HPy_Dup(ctx, ctx->h_NotImplemented) : value;
}
HPyDef_METH(Owner_number, "number", HPyFunc_NOARGS)
static HPy Owner_number_impl(HPyContext* ctx, HPy self) {
    return HPyLong_FromLong(ctx, Owner_AsStruct(ctx, self)->number);
}
static HPyDef* owner_defines[] = {&Owner_new, &Owner_traverse, &Owner_set, &Owner_clear,
                                  &Owner_get, &Owner_number,   NULL};
static HPyType_Spec owner_spec = {.name = "inline_forms.Owner",
                                  .basicsize = sizeof(Owner),
                                  .builtin_shape = SHAPE(Owner),
                                  .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
                                  .defines = owner_defines};

HPyDef_METH(make_type, "make_type", HPyFunc_NOARGS)
static HPy make_type_impl(HPyContext* ctx, HPy self) {
    return HPyType_FromSpec(ctx, &owner_spec, NULL);
}

HPyDef_METH(is_known, "is_known", HPyFunc_NOARGS)
static HPy is_known_impl(HPyContext* ctx, HPy self) {
    return HPyBool_FromBool(ctx, hpystate_is_known(ctx));
}

/* dup_and_close(object, n): n more references, then n fewer */
HPyDef_METH(dup_and_close, "dup_and_close", HPyFunc_VARARGS)
static HPy dup_and_close_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPy taken[64];
    long n = HPyLong_AsLong(ctx, args[1]), i;
    for (i = 0; i < n && i < 64; i++)
        taken[i] = HPy_Dup(ctx, args[0]);
    while (i-- > 0)
        HPy_Close(ctx, taken[i]);
    return HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(keep, "keep", HPyFunc_O) /* one reference that nobody closes */
static HPy keep_impl(HPyContext* ctx, HPy self, HPy object) {
    (void)HPy_Dup(ctx, object);
    return HPy_Dup(ctx, ctx->h_True);
}

HPyDef_METH(last, "last", HPyFunc_O) /* calls it, and closes the only reference to the result */
static HPy last_impl(HPyContext* ctx, HPy self, HPy make) {
    HPy made = HPy_Call(ctx, make, NULL, 0, HPy_NULL);
    if (HPy_IsNull(made)) return HPy_NULL;
    HPy_Close(ctx, made);
    return HPy_Dup(ctx, ctx->h_False);
}

HPyDef_METH(constants, "constants", HPyFunc_NOARGS)
static HPy constants_impl(HPyContext* ctx, HPy self) {
    HPy all[] = {HPy_Dup(ctx, ctx->h_None), HPy_Dup(ctx, ctx->h_True), HPy_Dup(ctx, ctx->h_False),
                 HPy_Dup(ctx, ctx->h_NotImplemented), HPy_Dup(ctx, ctx->h_Ellipsis)};
    HPy made = HPyTuple_FromArray(ctx, all, 5);
    for (int i = 0; i < 5; i++)
        HPy_Close(ctx, all[i]);
    return made;
}

/* (dup of null is null, is, type check) */
HPyDef_METH(compare, "compare", HPyFunc_VARARGS)
static HPy compare_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    int null = HPy_IsNull(HPy_Dup(ctx, HPy_NULL)), is, check;
    HPy_Close(ctx, HPy_NULL);
    is = HPy_Is(ctx, args[0], args[1]);
    check = HPy_TypeCheck(ctx, args[0], args[1]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_BuildValue(ctx, "(iii)", null, is, check);
}

/* refused(number): passes HPy_NULL where an object is expected */
HPyDef_METH(refused, "refused", HPyFunc_O)
static HPy refused_impl(HPyContext* ctx, HPy self, HPy number) {
    HPyField field = HPyField_NULL;
    switch (HPyLong_AsLong(ctx, number)) {
    case 0:
        (void)HPy_TypeCheck(ctx, HPy_NULL, ctx->h_TypeError);
        break;
    case 1:
        (void)HPy_TypeCheck(ctx, number, HPy_NULL);
        break;
    case 2:
        (void)HPyField_Load(ctx, HPy_NULL, field);
        break;
    case 3:
        HPyField_Store(ctx, HPy_NULL, &field, number);
        break;
    default:
        (void)HPy_TypeCheck(ctx, number, number);
    }
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

HPyDef_METH(put, "put", HPyFunc_O)
static HPy put_impl(HPyContext* ctx, HPy self, HPy value) {
    HPyGlobal_Store(ctx, &held, value);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(get, "get", HPyFunc_NOARGS)
static HPy get_impl(HPyContext* ctx, HPy self) {
    HPy value = HPyGlobal_Load(ctx, held);
    if (HPy_IsNull(value) && !HPyErr_Occurred(ctx)) return HPy_Dup(ctx, ctx->h_None);
    return value;
}
HPyDef_METH(is_held, "is_held", HPyFunc_O)
static HPy is_held_impl(HPyContext* ctx, HPy self, HPy object) {
    int is = HPy_Is_g(ctx, object, held), check = HPy_TypeCheck_g(ctx, object, held);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_BuildValue(ctx, "(ii)", is, check);
}

/* far_apart(a, b): two globals that share a place in the table; each holds its own value */
HPyDef_METH(far_apart, "far_apart", HPyFunc_VARARGS)
static HPy far_apart_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPy a, b, made;
    HPyGlobal_Store(ctx, &many[0], args[0]);
    HPyGlobal_Store(ctx, &many[1 << 17], args[1]);
    if (!HPy_Is_g(ctx, args[0], many[0]) || !HPy_Is_g(ctx, args[1], many[1 << 17])) {
        if (!HPyErr_Occurred(ctx)) HPyErr_SetString(ctx, ctx->h_ValueError, "not what was stored");
        return HPy_NULL;
    }
    a = HPyGlobal_Load(ctx, many[0]), b = HPyGlobal_Load(ctx, many[1 << 17]);
    made = HPyTuple_Pack(ctx, 2, a, b);
    HPy_Close(ctx, a);
    HPy_Close(ctx, b);
    return made;
}

static HPyDef* defines[] = {&make_type, &is_known, &dup_and_close, &keep, &last,    &constants,
                            &compare,   &refused,  &put,           &get,  &is_held, &far_apart,
                            NULL};
static HPyGlobal* globals[] = {&held, &many[0], &many[1 << 17], NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(inline_forms, definition)
