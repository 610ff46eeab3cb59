/* hpystate/inline_handles.h: inline forms: references, types, structs, fields and globals. C11,
 * C++17.
 *
 * Included by hpystate/inline_forms.h, where it is told what an inline form is and how objects
 * look.
 */
#pragma once

#include "hpystate/fused_link.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Inlined even where the compiler would not: then it sees that a type is a constant. */
#define _HPYSTATE_INLINE static inline __attribute__((always_inline))

/* Words of objects. The C API of a hybrid file reads them with other types; in a universal file
 * nothing else does, and then the compiler knows that a count is not a word of the context. */
#if defined(HPY_ABI_UNIVERSAL)
#define _HPYSTATE_ALIAS
#else
#define _HPYSTATE_ALIAS __attribute__((may_alias))
#endif
typedef int32_t _HPYSTATE_ALIAS hpystate_count;
typedef intptr_t _HPYSTATE_ALIAS hpystate_word;

/** Whether the context's objects have layout HPYSTATE_OBJECT_LAYOUT. */
static inline int hpystate_is_known(HPyContext* ctx) {
    /* Not atomic, so that neighbouring calls share one comparison. The loader fills the link before
     * it makes a module, so whoever has a context that equals `known` sees `window` too. For all
     * others only the address is compared: an aligned word, which is written once. */
    return __builtin_expect(ctx->_private == hpystate_fused_state.known, 1) != 0;
}

/* A word of an object: 1 is its type. */
static inline hpystate_word hpystate_word_of(HPy h, int number) {
    return ((const hpystate_word*)h._i)[number];
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

/* ---- types ---- */

/* Bits of a type's flags: of int and its subclasses, and so on. CPython documents them. */
#define _HPYSTATE_IS_LONG ((hpystate_word)1 << 24)
#define _HPYSTATE_IS_LIST ((hpystate_word)1 << 25)
#define _HPYSTATE_IS_TUPLE ((hpystate_word)1 << 26)
#define _HPYSTATE_IS_BYTES ((hpystate_word)1 << 27)
#define _HPYSTATE_IS_UNICODE ((hpystate_word)1 << 28)
#define _HPYSTATE_IS_DICT ((hpystate_word)1 << 29)
#define _HPYSTATE_IS_TYPE ((hpystate_word)1 << 31)

/* Whether an object's type is this very one. */
static inline int hpystate_is_exact(HPy h, HPy type) {
    return hpystate_word_of(h, 1) == type._i;
}

/* Of the flags of an object's type. */
static inline hpystate_word hpystate_flag_of(HPy h, hpystate_word flag) {
    return ((const hpystate_word*)hpystate_word_of(h, 1))[21] & flag;
}

/* Whether `h` is written as a constant of the context: `ctx->h_None`. Nothing is evaluated: the
 * compiler sees that a word is the same as itself. */
#define _HPYSTATE_IS(h, constant) (__builtin_constant_p((h)._i ^ (constant)._i))

/* For a type that is written as a constant of the context: a flag that instances of it and of its
 * subclasses have, and no others; 0: another type, or it was not seen. */
_HPYSTATE_INLINE hpystate_word hpystate_flag_for(HPyContext* ctx, HPy type) {
    if (_HPYSTATE_IS(type, ctx->h_LongType)) return _HPYSTATE_IS_LONG;
    if (_HPYSTATE_IS(type, ctx->h_ListType)) return _HPYSTATE_IS_LIST;
    if (_HPYSTATE_IS(type, ctx->h_TupleType)) return _HPYSTATE_IS_TUPLE;
    if (_HPYSTATE_IS(type, ctx->h_BytesType)) return _HPYSTATE_IS_BYTES;
    if (_HPYSTATE_IS(type, ctx->h_UnicodeType)) return _HPYSTATE_IS_UNICODE;
    if (_HPYSTATE_IS(type, ctx->h_TypeType)) return _HPYSTATE_IS_TYPE;
    return 0;
}

/* In a known context. */
_HPYSTATE_INLINE int hpystate_TypeCheck_known(HPyContext* ctx, HPy obj, HPy type) {
    const hpystate_word flag = hpystate_flag_for(ctx, type);
    if (obj._i != 0) {
        if (hpystate_is_exact(obj, type)) return 1;
        /* An instance that has the flag may still have an MRO of its own without the type. */
        if (flag != 0 && hpystate_flag_of(obj, flag) == 0) return 0;
    }
    return HPy_TypeCheck(ctx, obj, type);
}

_HPYSTATE_INLINE int hpystate_TypeCheck(HPyContext* ctx, HPy obj, HPy type) {
    return hpystate_is_known(ctx) ? hpystate_TypeCheck_known(ctx, obj, type)
                                  : HPy_TypeCheck(ctx, obj, type);
}

static inline HPy hpystate_Type(HPyContext* ctx, HPy obj) {
    HPy type = HPy_NULL;
    if (!hpystate_is_known(ctx) || obj._i == 0) return HPy_Type(ctx, obj);
    type._i = hpystate_word_of(obj, 1);
    hpystate_take(type);
    return type;
}

/* Most are of the very type, which an item is read for next. */
#define _HPYSTATE_CHECK(NAME, FLAG)                                                                \
    static inline int hpystate_##NAME##_Check(HPyContext* ctx, HPy h) {                            \
        if (!hpystate_is_known(ctx) || h._i == 0) return HPy##NAME##_Check(ctx, h);                \
        return hpystate_is_exact(h, ctx->h_##NAME##Type) || hpystate_flag_of(h, FLAG) != 0;        \
    }
_HPYSTATE_CHECK(List, _HPYSTATE_IS_LIST)
_HPYSTATE_CHECK(Tuple, _HPYSTATE_IS_TUPLE)
_HPYSTATE_CHECK(Bytes, _HPYSTATE_IS_BYTES)
_HPYSTATE_CHECK(Unicode, _HPYSTATE_IS_UNICODE)

/* Of HPy 0.9 no context has dict as a constant. */
static inline int hpystate_Dict_Check(HPyContext* ctx, HPy h) {
    if (!hpystate_is_known(ctx) || h._i == 0) return HPyDict_Check(ctx, h);
    return hpystate_flag_of(h, _HPYSTATE_IS_DICT) != 0;
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

#ifdef __cplusplus
}
#endif
