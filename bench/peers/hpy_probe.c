/* hpy_probe.c: what is measured, against HPy; one file for our runtime and for upstream's.
 *
 * Each operation is a loop over n in C. In the `cpython` ABI of upstream there are no fused calls:
 * NO_FUSED leaves them out.
 */
#include <hpy.h>

#ifndef NO_FUSED
#include <hpystate/fused.h>
#endif

static HPyGlobal value, callable, type, name, table, instance;

/* n rounds; the compiler may move nothing out of one. */
#define LOOP(function)                                                                             \
    HPyDef_METH(function, #function, HPyFunc_O)                                                    \
    static HPy function##_impl(HPyContext* ctx, HPy self, HPy arg) {                               \
        HPy operand = HPyGlobal_Load(ctx, instance);                                               \
        long n = HPyLong_AsLong(ctx, arg);                                                         \
        for (long i = 0; i < n; i++) {                                                             \
            function##_round(ctx, operand);                                                        \
            __asm__ volatile("" : : "r"(ctx), "r"(i) : "memory");                                  \
        }                                                                                          \
        HPy_Close(ctx, operand);                                                                   \
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);                        \
    }
#define ROUND(function) static inline void function##_round(HPyContext* ctx, HPy operand)
#define USE(result) __asm__ volatile("" : : "r"(result))

HPyDef_METH(store, "store", HPyFunc_VARARGS)
static HPy store_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPyGlobal* const all[] = {&value, &callable, &type, &name, &table, &instance};
    for (size_t i = 0; i < nargs && i < 6; i++)
        HPyGlobal_Store(ctx, all[i], args[i]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

ROUND(empty) {
    (void)ctx, (void)operand;
}
LOOP(empty)
ROUND(load_close) {
    HPy h = HPyGlobal_Load(ctx, value);
    USE(h._i);
    HPy_Close(ctx, h);
}
LOOP(load_close)
ROUND(call) {
    HPy h = HPyGlobal_Load(ctx, callable);
    HPy_Close(ctx, HPy_Call(ctx, h, NULL, 0, HPy_NULL));
    HPy_Close(ctx, h);
}
LOOP(call)
ROUND(type_check) {
    HPy h = HPyGlobal_Load(ctx, type);
    USE(HPy_TypeCheck(ctx, operand, h));
    HPy_Close(ctx, h);
}
LOOP(type_check)
ROUND(same) {
    HPy h = HPyGlobal_Load(ctx, value);
    USE(HPy_Is(ctx, operand, h));
    HPy_Close(ctx, h);
}
LOOP(same)
ROUND(get_item) {
    HPy h = HPyGlobal_Load(ctx, table);
    HPy_Close(ctx, HPy_GetItem(ctx, h, operand));
    HPy_Close(ctx, h);
}
LOOP(get_item)
ROUND(get_attr) {
    HPy h = HPyGlobal_Load(ctx, name);
    HPy_Close(ctx, HPy_GetAttr(ctx, operand, h));
    HPy_Close(ctx, h);
}
LOOP(get_attr)

#ifndef NO_FUSED
ROUND(call_g) {
    (void)operand;
    HPy_Close(ctx, HPy_Call_g(ctx, callable, NULL, 0, HPy_NULL));
}
LOOP(call_g)
ROUND(type_check_g) {
    USE(HPy_TypeCheck_g(ctx, operand, type));
}
LOOP(type_check_g)
ROUND(same_g) {
    USE(HPy_Is_g(ctx, operand, value));
}
LOOP(same_g)
ROUND(get_item_g) {
    HPy_Close(ctx, HPy_GetItem_g(ctx, table, operand));
}
LOOP(get_item_g)
ROUND(get_attr_g) {
    HPy_Close(ctx, HPy_GetAttr_g(ctx, operand, name));
}
LOOP(get_attr_g)
ROUND(borrow) {
    (void)operand;
    USE(HPyGlobal_Borrow(ctx, value)._i);
}
LOOP(borrow)
ROUND(import) {
    (void)operand;
    HPy_Close(ctx, HPyGlobal_Import(ctx, &value, "operator", "add"));
}
LOOP(import)
#endif

/* ---- functions that Python calls ---- */

HPyDef_METH(noargs, "noargs", HPyFunc_NOARGS)
static HPy noargs_impl(HPyContext* ctx, HPy self) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(one, "one", HPyFunc_O)
static HPy one_impl(HPyContext* ctx, HPy self, HPy arg) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(varargs, "varargs", HPyFunc_VARARGS)
static HPy varargs_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(keywords, "keywords", HPyFunc_KEYWORDS)
static HPy keywords_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    return HPy_Dup(ctx, ctx->h_None);
}

typedef struct {
    long number;
} Thing;
HPyType_HELPERS(Thing)

HPyDef_SLOT(Thing_new, HPy_tp_new)
static HPy Thing_new_impl(HPyContext* ctx, HPy cls, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Thing* data;
    return HPy_New(ctx, cls, &data);
}
HPyDef_SLOT(Thing_init, HPy_tp_init)
static int Thing_init_impl(HPyContext* ctx, HPy self, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    return 0;
}
HPyDef_SLOT(Thing_add, HPy_nb_add)
static HPy Thing_add_impl(HPyContext* ctx, HPy a, HPy b) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_GET(Thing_got, "got")
static HPy Thing_got_get(HPyContext* ctx, HPy self, void* closure) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Thing_noargs, "noargs", HPyFunc_NOARGS)
static HPy Thing_noargs_impl(HPyContext* ctx, HPy self) {
    return HPy_Dup(ctx, ctx->h_None);
}
HPyDef_METH(Thing_one, "one", HPyFunc_O)
static HPy Thing_one_impl(HPyContext* ctx, HPy self, HPy arg) {
    return HPy_Dup(ctx, ctx->h_None);
}
static HPyDef* thing_defines[] = {&Thing_new,    &Thing_init, &Thing_add, &Thing_got,
                                  &Thing_noargs, &Thing_one,  NULL};
static HPyType_Spec thing_spec = {.name = "hpy_probe.Thing",
                                  .basicsize = sizeof(Thing),
                                  .builtin_shape = SHAPE(Thing),
                                  .defines = thing_defines};

HPyDef_METH(make_type, "make_type", HPyFunc_NOARGS)
static HPy make_type_impl(HPyContext* ctx, HPy self) {
    return HPyType_FromSpec(ctx, &thing_spec, NULL);
}

static HPyDef* defines[] = {
    &store,    &empty,        &load_close, &call,       &type_check, &same,      &get_item,
    &get_attr, &noargs,       &one,        &varargs,    &keywords,   &make_type,
#ifndef NO_FUSED
    &call_g,   &type_check_g, &same_g,     &get_item_g, &get_attr_g, &borrow,    &import,
#endif
    NULL};
static HPyGlobal* globals[] = {&value, &callable, &type, &name, &table, &instance, NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(hpy_probe, definition)
