/* objects_hpy.c: objects that are made and freed, against HPy; one file for each runtime.
 *
 * Each operation is a loop over n in C. make_type(shape, kind) gives the types whose instances are
 * made, by HPy_New here and by a call from C (c_probe.c).
 */
#include <hpy.h>

#include <string.h>

static HPyGlobal plain, collected, on_float, on_float_destroyed, on_long, called;

#define ROUND(function) static inline void function##_round(HPyContext* ctx, HPy operand)
#define LOOP(function)                                                                             \
    HPyDef_METH(function, #function, HPyFunc_VARARGS)                                              \
    static HPy function##_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {         \
        long n = HPyLong_AsLong(ctx, args[0]);                                                     \
        for (long i = 0; i < n; i++) {                                                             \
            function##_round(ctx, args[1]);                                                        \
            __asm__ volatile("" : : "r"(ctx), "r"(i) : "memory");                                  \
        }                                                                                          \
        return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);                        \
    }

/* ---- helpers that hold handles ---- */

ROUND(tracker) {
    HPyTracker tracker = HPyTracker_New(ctx, 2);
    HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, operand));
    HPyTracker_Close(ctx, tracker);
}
LOOP(tracker)
ROUND(growing_tracker) {
    HPyTracker tracker = HPyTracker_New(ctx, 0);
    for (int i = 0; i < 12; i++)
        HPyTracker_Add(ctx, tracker, HPy_Dup(ctx, operand));
    HPyTracker_Close(ctx, tracker);
}
LOOP(growing_tracker)
ROUND(tuple_builder) {
    HPyTupleBuilder builder = HPyTupleBuilder_New(ctx, 2);
    HPyTupleBuilder_Set(ctx, builder, 0, operand);
    HPyTupleBuilder_Set(ctx, builder, 1, operand);
    HPy_Close(ctx, HPyTupleBuilder_Build(ctx, builder));
}
LOOP(tuple_builder)
ROUND(list_builder) {
    HPyListBuilder builder = HPyListBuilder_New(ctx, 2);
    HPyListBuilder_Set(ctx, builder, 0, operand);
    HPyListBuilder_Set(ctx, builder, 1, operand);
    HPy_Close(ctx, HPyListBuilder_Build(ctx, builder));
}
LOOP(list_builder)
ROUND(missing_attribute) {
    HPy_HasAttr_s(ctx, operand, "toDict");
}
LOOP(missing_attribute)
ROUND(length) {
    HPy_Length(ctx, operand);
}
LOOP(length)
ROUND(parse) {
    HPyTracker tracker;
    HPy found;
    if (HPyArg_Parse(ctx, &tracker, &operand, 1, "O", &found)) HPyTracker_Close(ctx, tracker);
}
LOOP(parse)

/* ---- instances ---- */

typedef struct {
    HPyField field;
    long number;
} Thing;
HPyType_HELPERS(Thing)

HPyDef_SLOT(Thing_traverse, HPy_tp_traverse)
static int Thing_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Thing*)self)->field);
    return 0;
}
HPyDef_SLOT(Thing_destroy, HPy_tp_destroy)
static void Thing_destroy_impl(void* self) {
    ((Thing*)self)->number = 0;
}
HPyDef_CALL_FUNCTION(Thing_once)
static HPy Thing_once_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    return HPy_Dup(ctx, self);
}
HPyDef_SLOT(Thing_call, HPy_tp_call)
static HPy Thing_call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy kwnames) {
    return HPy_Dup(ctx, self);
}
static HPyDef* no_defines[] = {NULL};
static HPyDef* collected_defines[] = {&Thing_traverse, NULL};
static HPyDef* destroyed_defines[] = {&Thing_destroy, NULL};
static HPyDef* called_defines[] = {&Thing_call, NULL};

#define NEW(function, global)                                                                      \
    ROUND(function) {                                                                              \
        (void)operand;                                                                             \
        void* data;                                                                                \
        HPy type = HPyGlobal_Load(ctx, global);                                                    \
        HPy_Close(ctx, HPy_New(ctx, type, &data));                                                 \
        HPy_Close(ctx, type);                                                                      \
    }                                                                                              \
    LOOP(function)
NEW(new_plain, plain)
NEW(new_collected, collected)
NEW(new_float, on_float)
NEW(new_float_destroyed, on_float_destroyed)
NEW(new_long, on_long)
NEW(new_called, called)

ROUND(set_call) {
    HPy_SetCallFunction(ctx, operand, &Thing_once);
}
LOOP(set_call)

static HPyDef** defines_of(const char* kind, unsigned long* flags) {
    *flags = HPy_TPFLAGS_DEFAULT;
    if (strcmp(kind, "destroyed") == 0) return destroyed_defines;
    if (strcmp(kind, "called") == 0) return called_defines;
    if (strcmp(kind, "collected") != 0) return no_defines;
    *flags |= HPy_TPFLAGS_HAVE_GC;
    return collected_defines;
}

/* make_type(shape, kind, base) */
HPyDef_METH(make_type, "make_type", HPyFunc_VARARGS)
static HPy make_type_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    const char* kind = HPyUnicode_AsUTF8AndSize(ctx, args[1], NULL);
    HPyType_Spec spec = {.name = "objects_hpy.Thing", .basicsize = sizeof(Thing)};
    HPyType_SpecParam params[] = {{HPyType_SpecParam_Base, args[2]},
                                  {(HPyType_SpecParam_Kind)0, HPy_NULL}};
    spec.builtin_shape = (HPyType_BuiltinShape)HPyLong_AsLong(ctx, args[0]);
    spec.defines = defines_of(kind, &spec.flags);
    return HPyType_FromSpec(ctx, &spec, params);
}

/* store(plain, collected, on_float, on_float_destroyed, on_long, called) */
HPyDef_METH(store, "store", HPyFunc_VARARGS)
static HPy store_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    HPyGlobal* const all[] = {&plain,   &collected, &on_float, &on_float_destroyed,
                              &on_long, &called};
    for (size_t i = 0; i < nargs && i < 6; i++)
        HPyGlobal_Store(ctx, all[i], args[i]);
    return HPyErr_Occurred(ctx) ? HPy_NULL : HPy_Dup(ctx, ctx->h_None);
}

static HPyDef* defines[] = {&tracker,
                            &growing_tracker,
                            &tuple_builder,
                            &list_builder,
                            &parse,
                            &new_plain,
                            &new_collected,
                            &new_float,
                            &new_float_destroyed,
                            &new_long,
                            &new_called,
                            &set_call,
                            &missing_attribute,
                            &length,
                            &make_type,
                            &store,
                            NULL};
static HPyGlobal* globals[] = {&plain,   &collected, &on_float, &on_float_destroyed,
                               &on_long, &called,    NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(objects_hpy, definition)
