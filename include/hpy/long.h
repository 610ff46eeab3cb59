/* hpy/long.h: ints and bools. C11, C++17.
 *
 * Long: a contract for each function of one topic.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 *
 * If a function returns its error value, call HPyErr_Occurred: the int may have that value.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- from C integers ---- */

/** Makes an int from an int32_t.
 *
 *  ctx      the caller's context
 *  value    any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromLong of the C API
 */
static inline HPy HPyLong_FromInt32_t(HPyContext* ctx, int32_t value) {
    return HPY_FUNCTION(ctx, Long_FromInt32_t)(ctx, value);
}

/** Makes an int from a uint32_t.
 *
 *  ctx      the caller's context
 *  value    any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromUnsignedLong of the C API
 */
static inline HPy HPyLong_FromUInt32_t(HPyContext* ctx, uint32_t value) {
    return HPY_FUNCTION(ctx, Long_FromUInt32_t)(ctx, value);
}

/** Makes an int from an int64_t.
 *
 *  ctx      the caller's context
 *  v        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromLongLong of the C API
 */
static inline HPy HPyLong_FromInt64_t(HPyContext* ctx, int64_t v) {
    return HPY_FUNCTION(ctx, Long_FromInt64_t)(ctx, v);
}

/** Makes an int from a uint64_t.
 *
 *  ctx      the caller's context
 *  v        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromUnsignedLongLong of the C API
 */
static inline HPy HPyLong_FromUInt64_t(HPyContext* ctx, uint64_t v) {
    return HPY_FUNCTION(ctx, Long_FromUInt64_t)(ctx, v);
}

/** Makes an int from a size_t.
 *
 *  ctx      the caller's context
 *  value    any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromSize_t of the C API
 */
static inline HPy HPyLong_FromSize_t(HPyContext* ctx, size_t value) {
    return HPY_FUNCTION(ctx, Long_FromSize_t)(ctx, value);
}

/** Makes an int from a HPy_ssize_t.
 *
 *  ctx      the caller's context
 *  value    any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromSsize_t of the C API
 */
static inline HPy HPyLong_FromSsize_t(HPyContext* ctx, HPy_ssize_t value) {
    return HPY_FUNCTION(ctx, Long_FromSsize_t)(ctx, value);
}

/** Makes an int from a long.
 *
 *  ctx      the caller's context
 *  l        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromLong of the C API; inline, by the size of the type
 */
static inline HPy HPyLong_FromLong(HPyContext* ctx, long l) {
    return sizeof(long) == sizeof(int32_t) ? HPyLong_FromInt32_t(ctx, (int32_t)l)
                                           : HPyLong_FromInt64_t(ctx, (int64_t)l);
}

/** Makes an int from an unsigned long.
 *
 *  ctx      the caller's context
 *  l        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromUnsignedLong of the C API; inline, by the size of the type
 */
static inline HPy HPyLong_FromUnsignedLong(HPyContext* ctx, unsigned long l) {
    return sizeof(unsigned long) == sizeof(uint32_t) ? HPyLong_FromUInt32_t(ctx, (uint32_t)l)
                                                     : HPyLong_FromUInt64_t(ctx, (uint64_t)l);
}

/** Makes an int from a long long.
 *
 *  ctx      the caller's context
 *  l        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromLongLong of the C API; inline, by HPyLong_FromInt64_t
 */
static inline HPy HPyLong_FromLongLong(HPyContext* ctx, long long l) {
    return HPyLong_FromInt64_t(ctx, (int64_t)l);
}

/** Makes an int from an unsigned long long.
 *
 *  ctx      the caller's context
 *  l        any
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_FromUnsignedLongLong of the C API; inline, by HPyLong_FromUInt64_t
 */
static inline HPy HPyLong_FromUnsignedLongLong(HPyContext* ctx, unsigned long long l) {
    return HPyLong_FromUInt64_t(ctx, (uint64_t)l);
}

/* ---- to C integers ---- */

/** Converts an int to an int32_t.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; -1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`; OverflowError if it
 *           does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsInt of the C API
 */
static inline int32_t HPyLong_AsInt32_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsInt32_t)(ctx, h);
}

/** Converts an int to a uint32_t.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; (uint32_t)-1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is negative or does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLong of the C API
 */
static inline uint32_t HPyLong_AsUInt32_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsUInt32_t)(ctx, h);
}

/** Returns the lowest 32 bits of an int, in two's complement: it fits always.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; (uint32_t)-1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongMask of the C API
 */
static inline uint32_t HPyLong_AsUInt32_tMask(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsUInt32_tMask)(ctx, h);
}

/** Converts an int to an int64_t.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; -1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`; OverflowError if it
 *           does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsLongLong of the C API
 */
static inline int64_t HPyLong_AsInt64_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsInt64_t)(ctx, h);
}

/** Converts an int to a uint64_t.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; (uint64_t)-1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is negative or does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongLong of the C API
 */
static inline uint64_t HPyLong_AsUInt64_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsUInt64_t)(ctx, h);
}

/** Returns the lowest 64 bits of an int, in two's complement: it fits always.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; (uint64_t)-1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongLongMask of the C API
 */
static inline uint64_t HPyLong_AsUInt64_tMask(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsUInt64_tMask)(ctx, h);
}

/** Converts an int to a size_t.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; (size_t)-1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is negative or does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsSize_t of the C API
 */
static inline size_t HPyLong_AsSize_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsSize_t)(ctx, h);
}

/** Converts an int to an HPy_ssize_t.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; -1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsSsize_t of the C API
 */
static inline HPy_ssize_t HPyLong_AsSsize_t(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsSsize_t)(ctx, h);
}

/** Converts an int to a pointer. A negative int is taken in two's complement.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the pointer; NULL with an exception set, and for 0
 *  raises   TypeError if it is not an int; OverflowError if it does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsVoidPtr of the C API
 */
static inline void* HPyLong_AsVoidPtr(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsVoidPtr)(ctx, h);
}

/** Converts an int to the nearest double.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; -1.0 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is too large
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsDouble of the C API
 */
static inline double HPyLong_AsDouble(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Long_AsDouble)(ctx, h);
}

/** Converts an int to a long.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; -1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`; OverflowError if it
 *           does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsLong of the C API; inline, by the size of the type
 */
static inline long HPyLong_AsLong(HPyContext* ctx, HPy h) {
    return sizeof(long) == sizeof(int32_t) ? (long)HPyLong_AsInt32_t(ctx, h)
                                           : (long)HPyLong_AsInt64_t(ctx, h);
}

/** Converts an int to an unsigned long.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; (unsigned long)-1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is negative or does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLong of the C API; inline, by the size of the type
 */
static inline unsigned long HPyLong_AsUnsignedLong(HPyContext* ctx, HPy h) {
    return sizeof(unsigned long) == sizeof(uint32_t) ? (unsigned long)HPyLong_AsUInt32_t(ctx, h)
                                                     : (unsigned long)HPyLong_AsUInt64_t(ctx, h);
}

/** Returns the lowest bits of an int, in two's complement, as an unsigned long: it fits always.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; (unsigned long)-1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongMask of the C API; inline, by the size of the type
 */
static inline unsigned long HPyLong_AsUnsignedLongMask(HPyContext* ctx, HPy h) {
    return sizeof(unsigned long) == sizeof(uint32_t)
               ? (unsigned long)HPyLong_AsUInt32_tMask(ctx, h)
               : (unsigned long)HPyLong_AsUInt64_tMask(ctx, h);
}

/** Converts an int to a long long.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; -1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`; OverflowError if it
 *           does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsLongLong of the C API; inline, by HPyLong_AsInt64_t
 */
static inline long long HPyLong_AsLongLong(HPyContext* ctx, HPy h) {
    return (long long)HPyLong_AsInt64_t(ctx, h);
}

/** Converts an int to an unsigned long long.
 *
 *  ctx      the caller's context
 *  h        an int, borrowed; `__index__` is not called
 *  returns  the value; (unsigned long long)-1 with an exception set, and for that value itself
 *  raises   TypeError if it is not an int; OverflowError if it is negative or does not fit
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongLong of the C API; inline, by HPyLong_AsUInt64_t
 */
static inline unsigned long long HPyLong_AsUnsignedLongLong(HPyContext* ctx, HPy h) {
    return (unsigned long long)HPyLong_AsUInt64_t(ctx, h);
}

/** Returns the lowest bits of an int, in two's complement, as an unsigned long long. It fits
 * always.
 *
 *  ctx      the caller's context
 *  h        an int, or an object with `__index__`, borrowed
 *  returns  the value; (unsigned long long)-1 with an exception set, and for that value itself
 *  raises   anything; TypeError if it is not an int and has no `__index__`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyLong_AsUnsignedLongLongMask of the C API; inline, by HPyLong_AsUInt64_tMask
 */
static inline unsigned long long HPyLong_AsUnsignedLongLongMask(HPyContext* ctx, HPy h) {
    return (unsigned long long)HPyLong_AsUInt64_tMask(ctx, h);
}

/* ---- bools ---- */

/** Returns True or False.
 *
 *  ctx      the caller's context
 *  v        true or false
 *  returns  new handle, close it
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBool_FromLong of the C API
 */
static inline HPy HPyBool_FromBool(HPyContext* ctx, bool v) {
    return HPY_FUNCTION(ctx, Bool_FromBool)(ctx, v);
}

/** Returns True or False for a C integer.
 *
 *  ctx      the caller's context
 *  v        any; 0 is False
 *  returns  new handle, close it
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBool_FromLong of the C API; inline, by HPyBool_FromBool
 */
static inline HPy HPyBool_FromLong(HPyContext* ctx, long v) {
    return HPyBool_FromBool(ctx, v != 0);
}

#ifdef __cplusplus
}
#endif
