/* hpy/macros.h: definitions of functions, types and modules in one line each. C11, C++17; the
 * definitions have designated initializers, which C++ has since C++20.
 *
 * Each HPyDef_* makes a variable `HPyDef SYM`, to be listed in a spec or a module, and declares the
 * functions that the extension then writes. What follows the last named argument initializes
 * further members, e.g. `.doc = "..."`.
 */
#pragma once

#if defined(HPY_ABI_CPYTHON)
#include "hpy/cpython/module.h"
#endif
#include "hpy/trampoline.h"
#include "hpystate/asks.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- definitions ---- */

/* The variable. G++ warns of members that a list of designators leaves out, GCC does not. */
#if defined(__cplusplus) && defined(__GNUC__)
#define _HPyDef_VARIABLE(SYM, ...)                                                                 \
    _Pragma("GCC diagnostic push")                                                                 \
        _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")                         \
            HPyDef SYM = {__VA_ARGS__};                                                            \
    _Pragma("GCC diagnostic pop")
#else
#define _HPyDef_VARIABLE(SYM, ...) HPyDef SYM = {__VA_ARGS__};
#endif

/* What every definition is made of: the function is declared, its trampoline defined. */
#define _HPyDef_FUNCTION(TRAMPOLINE, IMPL, SIG)                                                    \
    HPyFunc_DECLARE(IMPL, SIG);                                                                    \
    HPyFunc_TRAMPOLINE(TRAMPOLINE, IMPL, SIG)

/** `HPyDef_SLOT(SYM, HPy_tp_repr)`: a slot of a type or module. The extension defines SYM_impl,
 * with the slot's signature. */
#define HPyDef_SLOT(SYM, SLOT) HPyDef_SLOT_IMPL(SYM, SYM##_impl, SLOT)

/** The same with a function of another name. */
#define HPyDef_SLOT_IMPL(SYM, IMPL, SLOT)                                                          \
    enum { SYM##_slot = SLOT }; /* for a slot that does not exist, the error names it */           \
    _HPyDef_SLOT(SYM, IMPL, SLOT, HPySlot_SIG(SLOT))
#define _HPyDef_SLOT(SYM, IMPL, SLOT, SIG)                                                         \
    _HPyDef_FUNCTION(SYM##_trampoline, IMPL, SIG) _HPyDef_VARIABLE(                                \
        SYM, .kind = HPyDef_Kind_Slot,                                                             \
        .slot = {.slot = SLOT,                                                                     \
                 .impl = _HPy_FUNCTION_AS(HPyCFunction, IMPL),                                     \
                 .cpy_trampoline = _HPy_FUNCTION_AS(cpy_PyCFunction, SYM##_trampoline)})

/** `HPyDef_METH(SYM, "name", HPyFunc_O, .doc = "...")`: a function of a module or a method of a
 * type. The extension defines SYM_impl. Signatures: HPyFunc_NOARGS, _O, _VARARGS, _KEYWORDS. */
#define HPyDef_METH(SYM, NAME, ...) HPyDef_METH_IMPL(SYM, NAME, SYM##_impl, __VA_ARGS__)

/** The same with a function of another name. */
#define HPyDef_METH_IMPL(SYM, NAME, IMPL, ...)                                                     \
    _HPyDef_METH(SYM, NAME, IMPL, _HPY_FIRST(__VA_ARGS__, ), __VA_ARGS__)
#define _HPyDef_METH(SYM, NAME, IMPL, SIG, ...)                                                    \
    _HPyDef_FUNCTION(SYM##_trampoline, IMPL, SIG) _HPyDef_VARIABLE(                                \
        SYM, .kind = HPyDef_Kind_Meth,                                                             \
        .meth = {.name = NAME,                                                                     \
                 .impl = _HPy_FUNCTION_AS(HPyCFunction, IMPL),                                     \
                 .cpy_trampoline = _HPy_FUNCTION_AS(cpy_PyCFunction, SYM##_trampoline),            \
                 .signature = __VA_ARGS__})

/** `HPyDef_MEMBER(SYM, "name", HPyMember_INT, offsetof(T, x), .readonly = 1, .doc = "...")`: an
 * attribute that is a member of the type's struct. */
#define HPyDef_MEMBER(SYM, NAME, TYPE, ...)                                                        \
    _HPyDef_VARIABLE(SYM, .kind = HPyDef_Kind_Member,                                              \
                     .member = {.name = NAME, .type = TYPE, .offset = __VA_ARGS__})

/* A getter and a setter; 0 where there is none. The name and what follows it are one argument list,
 * which C++ wants in the order of the struct's members. */
#if defined(__cplusplus)
#define _HPyDef_BEFORE(...) .name = _HPY_FIRST(__VA_ARGS__, ),
#define _HPyDef_AFTER(...) _HPY_REST(__VA_ARGS__)
#else
#define _HPyDef_BEFORE(...)
#define _HPyDef_AFTER(...) .name = __VA_ARGS__
#endif
#define _HPyDef_ACCESS(SYM, GET, SET, GET_TRAMPOLINE, SET_TRAMPOLINE, ...)                         \
    _HPyDef_VARIABLE(                                                                              \
        SYM, .kind = HPyDef_Kind_GetSet,                                                           \
        .getset = {_HPyDef_BEFORE(__VA_ARGS__).getter_impl = _HPy_FUNCTION_AS(HPyCFunction, GET),  \
                   .setter_impl = _HPy_FUNCTION_AS(HPyCFunction, SET),                             \
                   .getter_cpy_trampoline = _HPy_FUNCTION_AS(cpy_getter, GET_TRAMPOLINE),          \
                   .setter_cpy_trampoline = _HPy_FUNCTION_AS(cpy_setter, SET_TRAMPOLINE),          \
                   _HPyDef_AFTER(__VA_ARGS__)})

/** `HPyDef_GET(SYM, "name", .doc = "...", .closure = &data)`: an attribute that is read by SYM_get.
 * Setting it is an AttributeError. */
#define HPyDef_GET(SYM, ...) _HPyDef_GET(SYM, SYM##_get, __VA_ARGS__)
#define _HPyDef_GET(SYM, GET, ...)                                                                 \
    _HPyDef_FUNCTION(SYM##_get_trampoline, GET, HPyFunc_GETTER)                                    \
        _HPyDef_ACCESS(SYM, GET, 0, SYM##_get_trampoline, 0, __VA_ARGS__)

/** `HPyDef_SET(SYM, "name", ...)`: an attribute that is set, and deleted, by SYM_set. Reading it is
 * an AttributeError. */
#define HPyDef_SET(SYM, ...) _HPyDef_SET(SYM, SYM##_set, __VA_ARGS__)
#define _HPyDef_SET(SYM, SET, ...)                                                                 \
    _HPyDef_FUNCTION(SYM##_set_trampoline, SET, HPyFunc_SETTER)                                    \
        _HPyDef_ACCESS(SYM, 0, SET, 0, SYM##_set_trampoline, __VA_ARGS__)

/** `HPyDef_GETSET(SYM, "name", ...)`: an attribute with SYM_get and SYM_set. */
#define HPyDef_GETSET(SYM, ...) _HPyDef_GETSET(SYM, SYM##_get, SYM##_set, __VA_ARGS__)
#define _HPyDef_GETSET(SYM, GET, SET, ...)                                                         \
    _HPyDef_FUNCTION(SYM##_get_trampoline, GET, HPyFunc_GETTER)                                    \
        _HPyDef_FUNCTION(SYM##_set_trampoline, SET, HPyFunc_SETTER)                                \
            _HPyDef_ACCESS(SYM, GET, SET, SYM##_get_trampoline, SYM##_set_trampoline, __VA_ARGS__)

/** The same three with functions of other names. */
#define HPyDef_GET_IMPL(SYM, NAME, GET, ...) _HPyDef_GET(SYM, GET, NAME, __VA_ARGS__)
#define HPyDef_SET_IMPL(SYM, NAME, SET, ...) _HPyDef_SET(SYM, SET, NAME, __VA_ARGS__)
#define HPyDef_GETSET_IMPL(SYM, NAME, GET, SET, ...)                                               \
    _HPyDef_GETSET(SYM, GET, SET, NAME, __VA_ARGS__)

/** `HPyDef_CALL_FUNCTION(SYM)`: what HPy_SetCallFunction sets for an instance. The extension
 * defines SYM_impl, of signature HPyFunc_KEYWORDS. Makes an HPyCallFunction. */
#define HPyDef_CALL_FUNCTION(SYM)                                                                  \
    _HPyDef_FUNCTION(SYM##_trampoline, SYM##_impl,                                                 \
                     HPyFunc_KEYWORDS) static HPyCallFunction SYM = {SYM##_trampoline,             \
                                                                     SYM##_impl};

/** `HPyCapsule_DESTRUCTOR(SYM)`: what a capsule calls when it dies. The extension defines
 * `static void SYM_impl(const char *name, void *pointer, void *context)`. */
#define HPyCapsule_DESTRUCTOR(SYM)                                                                 \
    HPyFunc_DECLARE(SYM##_impl, HPyFunc_CAPSULE_DESTRUCTOR);                                       \
    HPyCapsule_DESTRUCTOR_TRAMPOLINE(                                                              \
        SYM##_trampoline, SYM##_impl) static HPyCapsule_Destructor SYM = {SYM##_trampoline,        \
                                                                          SYM##_impl};

/* ---- types ---- */

/** `HPyType_HELPERS(T)` or `HPyType_HELPERS(T, HPyType_BuiltinShape_Tuple)`: defines
 * `T *T_AsStruct(HPyContext *ctx, HPy h)`, which returns the struct of an instance, borrowed. Only
 * debug mode checks whether `h` is an instance. For the spec: `.builtin_shape = SHAPE(T)`.
 */
#define HPyType_HELPERS(...) _HPyType_HELPERS(__VA_ARGS__, HPyType_BuiltinShape_Object, )
#define _HPyType_HELPERS(TYPE, OF_SHAPE, ...)                                                      \
    enum { TYPE##_SHAPE = (int)OF_SHAPE };                                                         \
    HPyAPI_UNUSED TYPE* TYPE##_AsStruct(HPyContext* ctx, HPy h) {                                  \
        return (TYPE*)OF_SHAPE##_AsStruct(ctx, h);                                                 \
    }

/** The same for a struct that begins with the C API's PyObject_HEAD. */
#define HPyType_LEGACY_HELPERS(TYPE) HPyType_HELPERS(TYPE, HPyType_BuiltinShape_Legacy)

/** The shape that was passed to HPyType_HELPERS. */
#define SHAPE(TYPE) ((HPyType_BuiltinShape)TYPE##_SHAPE)

#define HPyType_BuiltinShape_Legacy_AsStruct _HPy_AsStruct_Legacy
#define HPyType_BuiltinShape_Object_AsStruct _HPy_AsStruct_Object
#define HPyType_BuiltinShape_Type_AsStruct _HPy_AsStruct_Type
#define HPyType_BuiltinShape_Long_AsStruct _HPy_AsStruct_Long
#define HPyType_BuiltinShape_Float_AsStruct _HPy_AsStruct_Float
#define HPyType_BuiltinShape_Unicode_AsStruct _HPy_AsStruct_Unicode
#define HPyType_BuiltinShape_Tuple_AsStruct _HPy_AsStruct_Tuple
#define HPyType_BuiltinShape_List_AsStruct _HPy_AsStruct_List
#define HPyType_BuiltinShape_Dict_AsStruct _HPy_AsStruct_Dict

/* ---- in the functions of slots ---- */

/** For HPy_tp_traverse, whose parameters must be named `visit` and `arg`: visits one field, given
 * by its address, and returns what `visit` returned if that is not 0. */
#define HPy_VISIT(hpyfield)                                                                        \
    do {                                                                                           \
        HPyField* const visited_ = (hpyfield);                                                     \
        const int stop_ = HPyField_IsNull(*visited_) ? 0 : visit(visited_, arg);                   \
        if (stop_ != 0) return stop_;                                                              \
    } while (0)

/** For HPy_tp_richcompare: compares two C values by `op` and returns True or False as a new handle.
 */
#define HPy_RETURN_RICHCOMPARE(ctx, val1, val2, op)                                                \
    do {                                                                                           \
        bool holds_ = false;                                                                       \
        switch (op) {                                                                              \
        case HPy_LT:                                                                               \
            holds_ = (val1) < (val2);                                                              \
            break;                                                                                 \
        case HPy_LE:                                                                               \
            holds_ = (val1) <= (val2);                                                             \
            break;                                                                                 \
        case HPy_EQ:                                                                               \
            holds_ = (val1) == (val2);                                                             \
            break;                                                                                 \
        case HPy_NE:                                                                               \
            holds_ = (val1) != (val2);                                                             \
            break;                                                                                 \
        case HPy_GT:                                                                               \
            holds_ = (val1) > (val2);                                                              \
            break;                                                                                 \
        case HPy_GE:                                                                               \
            holds_ = (val1) >= (val2);                                                             \
            break;                                                                                 \
        default:                                                                                   \
            HPy_FatalError(ctx, "HPy_RETURN_RICHCOMPARE: op is not one of HPy_LT to HPy_GE");      \
        }                                                                                          \
        return HPy_Dup(ctx, holds_ ? (ctx)->h_True : (ctx)->h_False);                              \
    } while (0)

/* ---- process numbers: a pid_t is an int wherever this compiles ---- */

#if defined(SIZEOF_PID_T) && SIZEOF_PID_T != SIZEOF_INT
#error "hpy/macros.h: pid_t is not an int; HPyLong_FromPid and HPyLong_AsPid must be defined."
#endif
#define _HPy_PARSE_PID "i"
#define HPyLong_FromPid HPyLong_FromLong
#define HPyLong_AsPid HPyLong_AsLong

/* ---- modules ---- */

/* Several modules in one shared object: each file that has one defines HPY_EMBEDDED_MODULES and
 * begins with HPY_MOD_EMBEDDABLE, and all that belongs to the module is in that file. */
#if defined(HPY_EMBEDDED_MODULES)
#define HPY_MOD_EMBEDDABLE(modname) _HPy_CTX_MODIFIER HPyContext* _ctx_for_trampolines;
#define _HPy_MODINIT_CONTEXT struct _HPyContext_s /* HPY_MOD_EMBEDDABLE defined it */
#else
#define HPY_MOD_EMBEDDABLE(modname)
#define _HPy_MODINIT_CONTEXT _HPy_CTX_MODIFIER HPyContext* _ctx_for_trampolines
#endif

/** `HPy_MODINIT(name, def)`: defines the functions that a loader calls in the file of module `name`
 * (the last part of a dotted name). They return the version that the file was compiled for and its
 * HPyModuleDef, and set where its trampolines find the runtime. It also defines the constant of
 * hpystate/asks.h. In the CPython ABI the loader is CPython's own: PyInit_NAME is defined. */
#if defined(HPY_ABI_CPYTHON)
#define HPy_MODINIT(ext_name, mod_def)                                                             \
    _HPy_MODINIT_CONTEXT;                                                                          \
    HPYSTATE_ASKS(ext_name)                                                                        \
    _HPY_CPY_MODINIT(ext_name, mod_def)
#else
#define HPy_MODINIT(ext_name, mod_def)                                                             \
    HPy_EXPORTED_FUNC uint32_t get_required_hpy_major_version_##ext_name(void);                    \
    HPy_EXPORTED_FUNC uint32_t get_required_hpy_minor_version_##ext_name(void);                    \
    HPy_EXPORTED_FUNC void HPyInitGlobalContext_##ext_name(HPyContext* ctx);                       \
    HPy_EXPORTED_FUNC HPyModuleDef* HPyInit_##ext_name(void);                                      \
    _HPy_MODINIT_CONTEXT;                                                                          \
    HPYSTATE_ASKS(ext_name)                                                                        \
    uint32_t get_required_hpy_major_version_##ext_name(void) {                                     \
        return HPY_ABI_VERSION;                                                                    \
    }                                                                                              \
    uint32_t get_required_hpy_minor_version_##ext_name(void) {                                     \
        return HPY_ABI_VERSION_MINOR;                                                              \
    }                                                                                              \
    void HPyInitGlobalContext_##ext_name(HPyContext* ctx) {                                        \
        _ctx_for_trampolines = ctx;                                                                \
    }                                                                                              \
    HPyModuleDef* HPyInit_##ext_name(void) {                                                       \
        return &mod_def;                                                                           \
    }
#endif

#ifdef __cplusplus
}
#endif
