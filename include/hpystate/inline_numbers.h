/* hpystate/inline_numbers.h: inline forms: floats, and ints of one digit, to C. C11, C++17.
 *
 * Included by hpystate/inline_forms.h, where it is told what an inline form is and how objects
 * look.
 */
#pragma once

#include "hpystate/inline_handles.h"

#if !defined(HPY_ABI_CPYTHON)

#ifdef __cplusplus
extern "C" {
#endif

/* Words of numbers: see hpystate_word. */
typedef double _HPYSTATE_ALIAS hpystate_double;
typedef uint32_t _HPYSTATE_ALIAS hpystate_digit;

/* In a known context, `h` not HPy_NULL: reads an int of at most one digit. 0: it is none. The value
 * has at most 30 bits and a sign, so it fits into an int32_t. */
static inline int hpystate_read_int(HPyContext* ctx, HPy h, hpystate_word* value) {
    hpystate_word tag;
    if (!hpystate_is_exact(h, ctx->h_LongType)) return 0;
    tag = hpystate_word_of(h, 2);
    if (__builtin_expect(tag >= 16, 0)) return 0; /* two digits or more */
    *value = (1 - (tag & 3)) * (hpystate_word)((const hpystate_digit*)h._i)[6];
    return 1;
}

/* In a known context: of other objects than floats. Out of line, so that the callers of the form
 * below stay small. */
static __attribute__((noinline, unused)) double hpystate_other_AsDouble(HPyContext* ctx, HPy h) {
    hpystate_word value = 0;
    if (h._i != 0 && hpystate_read_int(ctx, h, &value)) return (double)value;
    return HPyFloat_AsDouble(ctx, h);
}

static inline double hpystate_Float_AsDouble(HPyContext* ctx, HPy h) {
    if (!hpystate_is_known(ctx)) return HPyFloat_AsDouble(ctx, h);
    if (h._i != 0 && __builtin_expect(hpystate_is_exact(h, ctx->h_FloatType), 1)) {
        return ((const hpystate_double*)h._i)[2];
    }
    return hpystate_other_AsDouble(ctx, h);
}

/* Conversions of an int. LEAST is the smallest that needs no context: 0 for unsigned types, whose
 * error for negative ints is the context's. */
#define _HPYSTATE_LONG_AS(NAME, TYPE, LEAST)                                                       \
    static inline TYPE hpystate_Long_As##NAME(HPyContext* ctx, HPy h) {                            \
        hpystate_word value = 0;                                                                   \
        if (hpystate_is_known(ctx) && h._i != 0 && hpystate_read_int(ctx, h, &value) &&            \
            value >= (LEAST)) {                                                                    \
            return (TYPE)value;                                                                    \
        }                                                                                          \
        return HPyLong_As##NAME(ctx, h);                                                           \
    }
_HPYSTATE_LONG_AS(Int32_t, int32_t, INTPTR_MIN)
_HPYSTATE_LONG_AS(UInt32_t, uint32_t, 0)
_HPYSTATE_LONG_AS(UInt32_tMask, uint32_t, INTPTR_MIN)
_HPYSTATE_LONG_AS(Int64_t, int64_t, INTPTR_MIN)
_HPYSTATE_LONG_AS(UInt64_t, uint64_t, 0)
_HPYSTATE_LONG_AS(UInt64_tMask, uint64_t, INTPTR_MIN)
_HPYSTATE_LONG_AS(Size_t, size_t, 0)
_HPYSTATE_LONG_AS(Ssize_t, HPy_ssize_t, INTPTR_MIN)
_HPYSTATE_LONG_AS(Double, double, INTPTR_MIN)
_HPYSTATE_LONG_AS(Long, long, INTPTR_MIN)
_HPYSTATE_LONG_AS(UnsignedLong, unsigned long, 0)
_HPYSTATE_LONG_AS(UnsignedLongMask, unsigned long, INTPTR_MIN)
_HPYSTATE_LONG_AS(LongLong, long long, INTPTR_MIN)
_HPYSTATE_LONG_AS(UnsignedLongLong, unsigned long long, 0)
_HPYSTATE_LONG_AS(UnsignedLongLongMask, unsigned long long, INTPTR_MIN)

#ifdef __cplusplus
}
#endif

#endif /* !HPY_ABI_CPYTHON */
