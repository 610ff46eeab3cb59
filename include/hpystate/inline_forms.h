/* hpystate/inline_forms.h: functions of HPy as code of the extension's own. C11, C++17.
 *
 * Included by hpystate/fused.h. A function of the context is a call through a table, which costs
 * more than what the smallest of them do: counting a reference, reading a field. The functions
 * below do this in the extension's own code, if the context is a plain one of a runtime that has
 * said that its objects have the layout that this code knows:
 *
 *     object   [int32 count][int32][word: its type]     a handle is the object's address;
 *                                                        a negative count is never changed
 *     field    the object's address, which owns a reference; or 0
 *     struct   of an instance of shape Object: 16 bytes behind the object
 *     global   {token, object} in a table of 2^17 entries, `window` of the link before the context
 *
 * All other contexts get the function of HPy's headers, as before: those of debug and
 * trace mode, of another runtime, of a CPython without the GIL. So the file runs on every runtime,
 * and debug mode sees every handle. What is not the usual case is left to the context too: the last
 * reference, HPy_NULL where an object was expected, a global that holds nothing.
 *
 * The layout has a number. A runtime whose objects differ leaves `known` of the link as it is
 * (hpystate/fused_link.h). In the CPython ABI only the globals are read here: there HPy's headers
 * have inline forms of all others (hpy/cpython/).
 */
#pragma once

#include "hpystate/fused_link.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Words of objects. The C API of a hybrid file reads them with other types; in a universal file
 * nothing else does, and then the compiler knows that a count is not a word of the context. */
#if defined(HPY_ABI_UNIVERSAL)
typedef int32_t hpystate_count;
typedef intptr_t hpystate_word;
#else
typedef int32_t __attribute__((may_alias)) hpystate_count;
typedef intptr_t __attribute__((may_alias)) hpystate_word;
#endif

/** Whether the context's objects have layout HPYSTATE_OBJECT_LAYOUT. */
static inline int hpystate_is_known(HPyContext* ctx) {
    /* Not atomic, so that neighbouring calls share one comparison. The loader fills the link before
     * it makes a module, so whoever has a context that equals `known` sees `window` too. For all
     * others only the address is compared: an aligned word, which is written once. */
    return __builtin_expect(ctx->_private == hpystate_fused_state.known, 1) != 0;
}

/* ---- references ---- */

static inline void hpystate_take(HPy h) {
    hpystate_count* const count = (hpystate_count*)h._i;
    if (*count >= 0) ++*count;
}

/* `immortal`: whether the compiler saw that it is None, True, False or NotImplemented. */
static inline HPy hpystate_Dup(HPyContext* ctx, HPy h, int immortal) {
    if (!hpystate_is_known(ctx)) return HPy_Dup(ctx, h);
    if (!immortal && h._i != 0) hpystate_take(h);
    return h;
}

static inline void hpystate_Close(HPyContext* ctx, HPy h) {
    if (hpystate_is_known(ctx)) {
        hpystate_count* const count = (hpystate_count*)h._i;
        if (h._i == 0) return;
        if (__builtin_expect(*count > 1, 1)) {
            --*count;
            return;
        }
        if (*count < 0) return;
    }
    HPy_Close(ctx, h);
}

static inline int hpystate_Is(HPyContext* ctx, HPy obj, HPy other) {
    return hpystate_is_known(ctx) ? obj._i == other._i : HPy_Is(ctx, obj, other);
}

/* In a known context. */
static inline int hpystate_TypeCheck_known(HPyContext* ctx, HPy obj, HPy type) {
    if (obj._i != 0 && ((const hpystate_word*)obj._i)[1] == type._i) return 1;
    return HPy_TypeCheck(ctx, obj, type);
}

static inline int hpystate_TypeCheck(HPyContext* ctx, HPy obj, HPy type) {
    return hpystate_is_known(ctx) ? hpystate_TypeCheck_known(ctx, obj, type)
                                  : HPy_TypeCheck(ctx, obj, type);
}

/* ---- structs and fields ---- */

static inline void* hpystate_AsStruct_Object(HPyContext* ctx, HPy h) {
    if (!hpystate_is_known(ctx)) return _HPy_AsStruct_Object(ctx, h);
    return h._i != 0 ? (char*)h._i + 16 : NULL;
}

static inline HPy hpystate_Field_Load(HPyContext* ctx, HPy source_object, HPyField source_field) {
    HPy h = HPy_NULL;
    if (!hpystate_is_known(ctx) || source_object._i == 0) {
        return HPyField_Load(ctx, source_object, source_field);
    }
    h._i = source_field._i;
    if (h._i != 0) hpystate_take(h);
    return h;
}

static inline void hpystate_Field_Store(HPyContext* ctx, HPy target_object, HPyField* target_field,
                                        HPy h) {
    /* A destructor of what the field held may read the field: the context stores first. */
    if (!hpystate_is_known(ctx) || target_object._i == 0 || target_field->_i != 0) {
        HPyField_Store(ctx, target_object, target_field, h);
        return;
    }
    if (h._i != 0) hpystate_take(h);
    target_field->_i = h._i;
}

/* ---- globals ---- */

/* The object that the global holds in the interpreter of a known context, borrowed until Python
 * code runs; HPy_NULL: ask the context. */
static inline HPy hpystate_peek(HPyContext* ctx, HPyGlobal global) {
    const char* const window = (const char*)ctx - hpystate_fused_state.window;
    const size_t place = ((size_t)global._i << 1) & HPYSTATE_WINDOW_MASK;
    const hpystate_word* const entry = (const hpystate_word*)(window + place);
    HPy h = HPy_NULL;
    if (__builtin_expect(entry[0] == global._i, 1)) h._i = entry[1];
    return h;
}

static inline HPy hpystate_Global_Load(HPyContext* ctx, HPyGlobal global) {
    if (hpystate_is_known(ctx)) {
        const HPy h = hpystate_peek(ctx, global);
        if (__builtin_expect(h._i != 0, 1)) {
            hpystate_take(h);
            return h;
        }
    }
    return HPyGlobal_Load(ctx, global);
}

/* ---- from here on HPy's names are these ---- */

/* Macros with arguments: the functions' addresses are still those of HPy's headers. */

/* Whether `h` is written as a constant of the context: `ctx->h_None`. Nothing is evaluated: the
 * compiler sees that a word is the same as itself. */
#define _HPYSTATE_IS(h, constant) (__builtin_constant_p((h)._i ^ (constant)._i))
#define _HPYSTATE_IS_IMMORTAL(ctx, h)                                                              \
    (_HPYSTATE_IS(h, (ctx)->h_None) || _HPYSTATE_IS(h, (ctx)->h_NotImplemented) ||                 \
     _HPYSTATE_IS(h, (ctx)->h_True) || _HPYSTATE_IS(h, (ctx)->h_False))
#define HPyGlobal_Load(...) hpystate_Global_Load(__VA_ARGS__)
#if !defined(HPY_ABI_CPYTHON)
#define HPy_Dup(ctx, ...) hpystate_Dup(ctx, __VA_ARGS__, _HPYSTATE_IS_IMMORTAL(ctx, (__VA_ARGS__)))
#define HPy_Close(...) hpystate_Close(__VA_ARGS__)
#define HPy_Is(...) hpystate_Is(__VA_ARGS__)
#define HPy_TypeCheck(...) hpystate_TypeCheck(__VA_ARGS__)
#define _HPy_AsStruct_Object(...) hpystate_AsStruct_Object(__VA_ARGS__)
#define HPyField_Load(...) hpystate_Field_Load(__VA_ARGS__)
#define HPyField_Store(...) hpystate_Field_Store(__VA_ARGS__)
#endif

#ifdef __cplusplus
}
#endif
