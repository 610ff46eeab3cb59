/* hpy/cpython/convert.h: for the CPython ABI: handles and objects, and which function of the
 * context has an inline form. C11, C++17.
 *
 * In this ABI an extension is compiled for one version of CPython, and a handle is the object's
 * address, as in the plain contexts of the runtime. So a function of the context can be a call of
 * the C API in the extension's own code: its inline form. docs/decisions/0001-cpython-abi.md.
 *
 * An inline form does what the context's function does, for good operands. For all others, such as
 * HPy_NULL in a required operand, it calls the context's function, which raises. To call something
 * while an exception is set is a mistake in every ABI: here HPy_Call makes a SystemError of it, as
 * the C API does; the context's function returns the result and leaves the exception set.
 */
#pragma once

#if defined(HPY_ABI_CPYTHON)

#include "hpy/handle.h"

#if PY_VERSION_HEX < 0x030C0000 || defined(PYPY_VERSION) || defined(Py_LIMITED_API)
#error                                                                                             \
    "hpy.h: HPY_ABI_CPYTHON needs CPython from 3.12 on, without Py_LIMITED_API. Else: _UNIVERSAL."
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* HPY_FUNCTION(ctx, Add) is hpy_cpy_Add where _HPY_CPY_Add is defined, as `~, hpy_cpy_Add`: then
 * the second of the arguments below is that. Otherwise it is the context's function. */
#define _HPY_CPY_SECOND(first, second, ...) second
#define _HPY_CPY_CHOOSE(...) _HPY_CPY_SECOND(__VA_ARGS__)
#define HPY_FUNCTION(ctx, name) _HPY_CPY_CHOOSE(_HPY_CPY_##name, ((ctx)->ctx_##name), )

/* Whether an operand is not HPy_NULL: mostly so. */
#if defined(__GNUC__)
#define _HPY_CPY_GIVEN(h) __builtin_expect((h)._i != 0, 1)
#else
#define _HPY_CPY_GIVEN(h) ((h)._i != 0)
#endif

/* To what the runtime aligns the struct of a type. */
#define _HPY_CPY_STRUCT_ALIGN ((size_t)16)

static inline PyObject* _hpy_cpy_object(HPy h) {
    return (PyObject*)h._i;
}

static inline HPy _hpy_cpy_handle(PyObject* object) {
    return _hconv((intptr_t)object);
}

/* Inline forms of functions that take handles and nothing else. RESULT makes the result of what the
 * C API returns: _hpy_cpy_handle, or nothing. */
#define _HPY_CPY_1(TYPE, NAME, FUNCTION, RESULT)                                                   \
    static inline TYPE hpy_cpy_##NAME(HPyContext* ctx, HPy h) {                                    \
        if (!_HPY_CPY_GIVEN(h)) return ctx->ctx_##NAME(ctx, h);                                    \
        return RESULT(FUNCTION(_hpy_cpy_object(h)));                                               \
    }
#define _HPY_CPY_2(TYPE, NAME, FUNCTION, RESULT)                                                   \
    static inline TYPE hpy_cpy_##NAME(HPyContext* ctx, HPy h1, HPy h2) {                           \
        if (!_HPY_CPY_GIVEN(h1) || !_HPY_CPY_GIVEN(h2)) return ctx->ctx_##NAME(ctx, h1, h2);       \
        return RESULT(FUNCTION(_hpy_cpy_object(h1), _hpy_cpy_object(h2)));                         \
    }
#define _HPY_CPY_3(TYPE, NAME, FUNCTION, RESULT)                                                   \
    static inline TYPE hpy_cpy_##NAME(HPyContext* ctx, HPy h1, HPy h2, HPy h3) {                   \
        if (!_HPY_CPY_GIVEN(h1) || !_HPY_CPY_GIVEN(h2) || !_HPY_CPY_GIVEN(h3)) {                   \
            return ctx->ctx_##NAME(ctx, h1, h2, h3);                                               \
        }                                                                                          \
        return RESULT(FUNCTION(_hpy_cpy_object(h1), _hpy_cpy_object(h2), _hpy_cpy_object(h3)));    \
    }

#ifdef __cplusplus
}
#endif

#endif /* HPY_ABI_CPYTHON */
