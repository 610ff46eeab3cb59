/* lender.c: an extension that publishes C functions. They use a global, a type and a field. */
#include "pair.h"

static HPyGlobal kept, holder_type;
static HPyGlobal* globals[] = {&kept, &holder_type, NULL};

typedef struct {
    HPyField value;
} Holder;
HPyType_HELPERS(Holder)

DEFINE_SLOT(holder_traverse, HPy_tp_traverse)
static int holder_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Holder*)self)->value);
    return 0;
}
DEFINE_METHOD(holder_get, "get", HPyFunc_NOARGS)
static HPy holder_get_impl(HPyContext* ctx, HPy self) {
    return HPyField_Load(ctx, self, Holder_AsStruct(ctx, self)->value);
}
static HPyDef* holder_defines[] = {&holder_traverse, &holder_get, NULL};
static HPyType_Spec holder_spec = {.name = "lender.Holder",
                                   .basicsize = sizeof(Holder),
                                   .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_HAVE_GC,
                                   OBJECT_SHAPE,
                                   .defines = holder_defines};

static HPy pair(HPyContext* ctx, HPy left, HPy right) {
    HPy held = HPyGlobal_Load(ctx, kept);
    HPy items[3] = {left, right, held};
    HPy result = HPyTuple_FromArray(ctx, items, 3);
    HPy_Close(ctx, held);
    return result;
}

static int keep(HPyContext* ctx, HPy value) {
    HPyGlobal_Store(ctx, &kept, value);
    return 0;
}

static HPy call(HPyContext* ctx, HPy callable) {
    return call_without_arguments(ctx, callable);
}

static HPy wrap(HPyContext* ctx, HPy value) {
    Holder* data;
    HPy type = HPyGlobal_Load(ctx, holder_type);
    HPy made = HPy_New(ctx, type, &data);
    HPy_Close(ctx, type);
    if (!HPy_IsNull(made)) HPyField_Store(ctx, made, &data->value, value);
    return made;
}

static HPy unwrap(HPyContext* ctx, HPy wrapped) {
    HPy type = HPyGlobal_Load(ctx, holder_type);
    int fits = HPy_TypeCheck(ctx, wrapped, type);
    HPy_Close(ctx, type);
    if (fits) return HPyField_Load(ctx, wrapped, Holder_AsStruct(ctx, wrapped)->value);
    HPyErr_SetString(ctx, ctx->h_TypeError, "a Holder was expected");
    return HPy_NULL;
}

static long twice(HPyContext* ctx, long number) {
    (void)ctx;
    return 2 * number;
}

static const char* name(HPyContext* ctx) {
    return ctx->name;
}

static const struct lender_functions functions = {pair, keep, call, wrap, unwrap, twice, name};
#ifdef OTHER_VERSION /* as if it was compiled for a version that the runtime does not have */
static const struct hpystate_api api = {
    sizeof(api), HPY_ABI_VERSION + 1, 7, &hpystate_sibling_state, &functions, sizeof(functions)};
#else
static const struct hpystate_api api = HPYSTATE_API(functions);
#endif

DEFINE_METHOD(kept_here, "kept_here", HPyFunc_NOARGS)
static HPy kept_here_impl(HPyContext* ctx, HPy self) {
    (void)self;
    return HPyGlobal_Load(ctx, kept);
}

DEFINE_EXEC
static int exec_impl(HPyContext* ctx, HPy module) {
    HPy type = HPyType_FromSpec(ctx, &holder_spec, NULL);
    if (HPy_IsNull(type)) return -1;
    HPyGlobal_Store(ctx, &holder_type, type);
    HPyGlobal_Store(ctx, &kept, ctx->h_None); /* HPy's own runtime cannot load one that is unset */
    HPy_Close(ctx, type);
    return hpystate_api_publish(ctx, module, "_C_API", &api);
}

static HPyDef* defines[] = {&kept_here, EXEC_ENTRY NULL};
DEFINE_MODULE(lender)
