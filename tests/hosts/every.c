/* every.c: what an extension does, one function for each row of the table of hosts.
 *
 * Long: a function for each row, and every row must be in one file.
 *
 * Compiled once, with our headers and no flag of its own; loaded by hpystate, by HPy's own runtime
 * and by PyPy (tests/hosts/checks.py). Each function returns a value that is the same on every
 * host.
 */
#include <hpy.h>
#include <hpystate/fused.h>
#include <hpystate/sibling.h>

#include <stdint.h>
#include <string.h>

static HPyGlobal kept, made, never, callable;
static HPyGlobal* globals[] = {&kept, &made, &never, &callable, NULL};

#define CHECK(name, signature)                                                                     \
    HPyDef_METH(name, #name, signature)                                                            \
    static HPy name##_impl
#define CHECK_NOARGS(name) CHECK(name, HPyFunc_NOARGS)(HPyContext * ctx, HPy self)
#define CHECK_O(name) CHECK(name, HPyFunc_O)(HPyContext * ctx, HPy self, HPy arg)

static HPy text(HPyContext* ctx, const char* utf8) {
    return utf8 == NULL ? HPy_NULL : HPyUnicode_FromString(ctx, utf8);
}

/* ---- the 19 functions that PyPy for Python 3.11 has one word later ---- */

static int target = 5, second = 6, ended;

HPyCapsule_DESTRUCTOR(end_capsule) static void end_capsule_impl(const char* name, void* pointer,
                                                                void* context) {
    (void)name, (void)context;
    if (pointer == &target) ++ended;
}

CHECK_NOARGS(capsule) {
    HPy capsule = HPyCapsule_New(ctx, &target, "every.capsule", NULL);
    int *pointer, before, after;
    HPy result;
    (void)self;
    if (HPy_IsNull(capsule)) return HPy_NULL;
    before = HPyCapsule_IsValid(ctx, capsule, "every.capsule") * 10 +
             HPyCapsule_IsValid(ctx, capsule, "another");
    pointer = (int*)HPyCapsule_GetPointer(ctx, capsule, "every.capsule");
    after = pointer == NULL ? 0 : *pointer;
    if (HPyCapsule_SetPointer(ctx, capsule, &second) == 0) {
        pointer = (int*)HPyCapsule_GetPointer(ctx, capsule, "every.capsule");
        after = after * 10 + (pointer == NULL ? 0 : *pointer);
    }
    result = HPy_BuildValue(ctx, "(iis)", before, after, HPyCapsule_GetName(ctx, capsule));
    HPy_Close(ctx, capsule);
    return result;
}
CHECK_NOARGS(capsule_to_end) {
    (void)self;
    return HPyCapsule_New(ctx, &target, "every.capsule", &end_capsule);
}
CHECK_NOARGS(capsules_ended) {
    (void)self;
    return HPyLong_FromLong(ctx, ended);
}
CHECK_O(compile_and_eval) {
    HPy code = HPy_Compile_s(ctx, "n * 6", "<every>", HPy_SourceKind_Expr);
    HPy names = HPyDict_New(ctx), result = HPy_NULL;
    (void)self;
    if (!HPy_IsNull(code) && HPy_SetItem_s(ctx, names, "n", arg) == 0) {
        result = HPy_EvalCode(ctx, code, names, names);
    }
    if (!HPy_IsNull(code)) HPy_Close(ctx, code);
    HPy_Close(ctx, names);
    return result;
}
CHECK_NOARGS(context_variable) {
    HPy variable = HPyContextVar_New(ctx, "every", ctx->h_None);
    HPy value, token, before = HPy_NULL, after = HPy_NULL, result = HPy_NULL;
    (void)self;
    if (HPy_IsNull(variable)) return HPy_NULL;
    value = HPyLong_FromLong(ctx, 42);
    HPyContextVar_Get(ctx, variable, HPy_NULL, &before);
    token = HPyContextVar_Set(ctx, variable, value);
    if (!HPy_IsNull(token)) {
        HPy_Close(ctx, token);
        HPyContextVar_Get(ctx, variable, HPy_NULL, &after);
        if (!HPy_IsNull(before) && !HPy_IsNull(after)) {
            result = HPyTuple_Pack(ctx, 2, before, after);
        }
    }
    if (!HPy_IsNull(before)) HPy_Close(ctx, before);
    if (!HPy_IsNull(after)) HPy_Close(ctx, after);
    HPy_Close(ctx, value);
    HPy_Close(ctx, variable);
    return result;
}
CHECK_O(type_name) {
    (void)self;
    return text(ctx, HPyType_GetName(ctx, arg));
}
CHECK_O(is_subtype_of_dict) {
    HPy dict = HPyDict_New(ctx), type = HPy_Type(ctx, dict);
    HPy result = HPyBool_FromBool(ctx, HPyType_IsSubtype(ctx, arg, type));
    (void)self;
    HPy_Close(ctx, dict);
    HPy_Close(ctx, type);
    return result;
}
CHECK_O(decode) {
    (void)self;
    return HPyUnicode_FromEncodedObject(ctx, arg, "latin-1", "strict");
}
CHECK_O(substring) {
    (void)self;
    return HPyUnicode_Substring(ctx, arg, 1, 3);
}
CHECK_O(dict_keys) {
    (void)self;
    return HPyDict_Keys(ctx, arg);
}
CHECK_O(dict_copy) {
    (void)self;
    return HPyDict_Copy(ctx, arg);
}
CHECK_O(slice_unpack) {
    HPy_ssize_t start, stop, step;
    (void)self;
    if (HPySlice_Unpack(ctx, arg, &start, &stop, &step) < 0) return HPy_NULL;
    return HPy_BuildValue(ctx, "(lll)", (long)start, (long)stop, (long)step);
}

HPyDef_METH(call, "call", HPyFunc_VARARGS)
static HPy call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs) {
    (void)self;
    return HPy_Call(ctx, args[0], args + 1, nargs - 1, HPy_NULL);
}
CHECK_O(call_method) {
    HPy name = HPyUnicode_FromString(ctx, "upper");
    HPy result = HPy_CallMethod(ctx, name, &arg, 1, HPy_NULL);
    (void)self;
    HPy_Close(ctx, name);
    return result;
}

/* A type whose instances have a call function of their own. */
typedef struct {
    long factor;
} Caller;
HPyType_HELPERS(Caller)
HPyDef_SLOT(Caller_call, HPy_tp_call)
static HPy Caller_call_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy names) {
    (void)names;
    return HPyLong_FromLong(
        ctx, nargs == 0 ? -1 : Caller_AsStruct(ctx, self)->factor * HPyLong_AsLong(ctx, args[0]));
}
HPyDef_CALL_FUNCTION(Caller_own)
static HPy Caller_own_impl(HPyContext* ctx, HPy self, const HPy* args, size_t nargs, HPy names) {
    (void)self, (void)args, (void)names;
    return HPyLong_FromSsize_t(ctx, (HPy_ssize_t)nargs * 1000);
}
HPyDef_SLOT(Caller_new, HPy_tp_new)
static HPy Caller_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    Caller* caller;
    HPy self = HPy_New(ctx, type, &caller);
    (void)kw;
    if (HPy_IsNull(self)) return HPy_NULL;
    caller->factor = nargs == 0 ? 0 : HPyLong_AsLong(ctx, args[0]);
    if (caller->factor == 0 && HPy_SetCallFunction(ctx, self, &Caller_own) < 0) return HPy_NULL;
    return self;
}
static HPyDef* Caller_defines[] = {&Caller_call, &Caller_new, NULL};
static HPyType_Spec Caller_spec = {.name = "every.Caller",
                                   .basicsize = sizeof(Caller),
                                   .builtin_shape = SHAPE(Caller),
                                   .defines = Caller_defines};

/* ---- globals ---- */

CHECK_O(store) {
    (void)self;
    HPyGlobal_Store(ctx, &kept, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
CHECK_NOARGS(load) {
    (void)self;
    return HPyGlobal_Load(ctx, kept);
}
/* "nothing" where the load gave none, without an exception. */
CHECK_NOARGS(load_unset) {
    HPy found = HPyGlobal_Load(ctx, never);
    (void)self;
    if (!HPy_IsNull(found) || HPyErr_Occurred(ctx)) return found;
    return text(ctx, "nothing");
}
/* A slot that no module lists. */
static HPyGlobal unlisted;
CHECK_O(store_unlisted) {
    (void)self;
    HPyGlobal_Store(ctx, &unlisted, arg);
    return HPy_Dup(ctx, ctx->h_None);
}
CHECK_NOARGS(load_unlisted) {
    (void)self;
    return HPyGlobal_Load(ctx, unlisted);
}
CHECK_O(load_cleared) {
    HPy found;
    (void)self;
    HPyGlobal_Store(ctx, &callable, arg);
    HPyGlobal_Store(ctx, &callable, HPy_NULL);
    found = HPyGlobal_Load(ctx, callable);
    if (HPyErr_Occurred(ctx)) return HPy_NULL;
    return text(ctx, HPy_IsNull(found) ? "nothing" : "an object");
}
/* What the word of a slot is: 0, its address, or another one. */
CHECK_NOARGS(word_of_slot) {
    intptr_t word;
    (void)self;
    memcpy(&word, &kept, sizeof(word));
    return text(ctx, word == 0 ? "zero" : word == (intptr_t)&kept ? "its address" : "another word");
}

/* ---- types, fields, attributes ---- */

typedef struct {
    HPyField value;
    long number;
} Point;
HPyType_HELPERS(Point)
HPyDef_SLOT(Point_new, HPy_tp_new)
static HPy Point_new_impl(HPyContext* ctx, HPy type, const HPy* args, HPy_ssize_t nargs, HPy kw) {
    static const char* names[] = {"value", "number", NULL};
    HPy value;
    long number = 7;
    Point* point;
    HPyTracker tracker;
    HPy self = HPy_NULL;
    if (!HPyArg_ParseKeywordsDict(ctx, &tracker, args, nargs, kw, "O|l:Point", names, &value,
                                  &number)) {
        return HPy_NULL;
    }
    self = HPy_New(ctx, type, &point);
    if (!HPy_IsNull(self)) {
        point->number = number;
        HPyField_Store(ctx, self, &point->value, value);
    }
    HPyTracker_Close(ctx, tracker);
    return self;
}
HPyDef_SLOT(Point_traverse, HPy_tp_traverse)
static int Point_traverse_impl(void* self, HPyFunc_visitproc visit, void* arg) {
    HPy_VISIT(&((Point*)self)->value);
    return 0;
}
HPyDef_MEMBER(Point_number, "number", HPyMember_LONG, offsetof(Point, number))
HPyDef_GET(Point_value, "value")
static HPy Point_value_get(HPyContext* ctx, HPy self, void* closure) {
    (void)closure;
    return HPyField_Load(ctx, self, Point_AsStruct(ctx, self)->value);
}
HPyDef_SLOT(Point_add, HPy_nb_add)
static HPy Point_add_impl(HPyContext* ctx, HPy self, HPy other) {
    HPy left = HPyLong_FromLong(ctx, Point_AsStruct(ctx, self)->number);
    HPy sum = HPy_Add(ctx, left, other);
    HPy_Close(ctx, left);
    return sum;
}
HPyDef_SLOT(Point_repr, HPy_tp_repr)
static HPy Point_repr_impl(HPyContext* ctx, HPy self) {
    return HPyUnicode_FromFormat(ctx, "Point(%ld)", Point_AsStruct(ctx, self)->number);
}
static HPyDef* Point_defines[] = {&Point_new, &Point_traverse, &Point_number, &Point_value,
                                  &Point_add, &Point_repr,     NULL};
static HPyType_Spec Point_spec = {.name = "every.Point",
                                  .basicsize = sizeof(Point),
                                  .builtin_shape = SHAPE(Point),
                                  .flags = HPy_TPFLAGS_DEFAULT | HPy_TPFLAGS_BASETYPE |
                                           HPy_TPFLAGS_HAVE_GC,
                                  .defines = Point_defines};

/* ---- other calls of the API ---- */

CHECK_NOARGS(builders) {
    HPyListBuilder list = HPyListBuilder_New(ctx, 2);
    HPyTupleBuilder tuple = HPyTupleBuilder_New(ctx, 2);
    HPy items[2];
    (void)self;
    for (int i = 0; i < 2; ++i) {
        HPy item = HPyLong_FromLong(ctx, i);
        HPyListBuilder_Set(ctx, list, i, item);
        HPyTupleBuilder_Set(ctx, tuple, i, item);
        HPy_Close(ctx, item);
    }
    items[0] = HPyListBuilder_Build(ctx, list);
    items[1] = HPyTupleBuilder_Build(ctx, tuple);
    {
        HPy result = HPyTuple_FromArray(ctx, items, 2);
        HPy_Close(ctx, items[0]);
        HPy_Close(ctx, items[1]);
        return result;
    }
}
CHECK_O(raise) {
    (void)self;
    HPyErr_Format(ctx, ctx->h_LookupError, "no %s at %d", "such thing",
                  (int)HPyLong_AsLong(ctx, arg));
    return HPy_NULL;
}
CHECK_O(matches) {
    HPy result = HPy_CallTupleDict(ctx, arg, HPy_NULL, HPy_NULL);
    (void)self;
    if (!HPy_IsNull(result)) return result;
    if (!HPyErr_ExceptionMatches(ctx, ctx->h_LookupError)) return HPy_NULL;
    HPyErr_Clear(ctx);
    return text(ctx, "matches");
}
CHECK_O(without_python) {
    HPy_ssize_t n = HPy_Length(ctx, arg);
    (void)self;
    HPy_BEGIN_LEAVE_PYTHON(ctx) n = n * 2;
    HPy_END_LEAVE_PYTHON(ctx) return HPyLong_FromSsize_t(ctx, n);
}
CHECK_NOARGS(import) {
    HPy module = HPyImport_ImportModule(ctx, "operator"), add, args, result;
    (void)self;
    if (HPy_IsNull(module)) return HPy_NULL;
    add = HPy_GetAttr_s(ctx, module, "add");
    args = HPy_BuildValue(ctx, "(ii)", 2, 3);
    result = HPy_CallTupleDict(ctx, add, args, HPy_NULL);
    HPy_Close(ctx, module);
    HPy_Close(ctx, add);
    HPy_Close(ctx, args);
    return result;
}
CHECK_NOARGS(context_of_this_version) {
    (void)self;
    return HPyBool_FromBool(
        ctx, hpystate_context_for(ctx, HPY_ABI_VERSION, HPY_ABI_VERSION_MINOR) == ctx);
}

/* ---- fused calls; tests/fused/calls.c has each of them ---- */

static HPy make_list(HPyContext* ctx, void* arg) {
    (void)arg;
    return HPyList_New(ctx, 0);
}
CHECK_O(fused) {
    HPy first = HPyGlobal_LoadOrInit(ctx, &made, &make_list, NULL);
    HPy again = HPyGlobal_LoadOrInit(ctx, &made, &make_list, NULL);
    HPy result;
    (void)self;
    if (HPy_IsNull(first) || HPy_IsNull(again)) return HPy_NULL;
    HPyGlobal_Store(ctx, &callable, arg);
    result = HPy_Call_g(ctx, callable, &first, 1, HPy_NULL);
    if (!HPy_Is(ctx, first, again) || !HPy_Is_g(ctx, first, made)) {
        HPyErr_SetString(ctx, ctx->h_ValueError, "fused: another object than the first");
    }
    HPy_Close(ctx, first);
    HPy_Close(ctx, again);
    return HPyErr_Occurred(ctx) ? HPy_NULL : result;
}
CHECK_NOARGS(has_fused_calls) {
    (void)ctx, (void)self;
    return HPyBool_FromBool(ctx, hpystate_find_table(ctx) != NULL);
}

HPyDef_SLOT(every_exec, HPy_mod_exec)
static int every_exec_impl(HPyContext* ctx, HPy module) {
    return HPyHelpers_AddType(ctx, module, "Point", &Point_spec, NULL) &&
                   HPyHelpers_AddType(ctx, module, "Caller", &Caller_spec, NULL)
               ? 0
               : -1;
}

static HPyDef* defines[] = {&capsule,
                            &capsule_to_end,
                            &capsules_ended,
                            &compile_and_eval,
                            &context_variable,
                            &type_name,
                            &is_subtype_of_dict,
                            &decode,
                            &substring,
                            &dict_keys,
                            &dict_copy,
                            &slice_unpack,
                            &call,
                            &call_method,
                            &store,
                            &load,
                            &load_unset,
                            &load_cleared,
                            &store_unlisted,
                            &load_unlisted,
                            &word_of_slot,
                            &builders,
                            &raise,
                            &matches,
                            &without_python,
                            &import,
                            &context_of_this_version,
                            &fused,
                            &has_fused_calls,
                            &every_exec,
                            NULL};
static HPyModuleDef definition = {.defines = defines, .globals = globals};
HPy_MODINIT(every, definition)
