/* hpy/bytes.h: bytes. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Tells whether an object is a bytes object or an instance of a subclass.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_Check of the C API
 */
static inline int HPyBytes_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Bytes_Check)(ctx, h);
}

/** Makes a bytes object from a C string.
 *
 *  ctx      the caller's context
 *  bytes    ended by a zero byte, which is left out; copied
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   OverflowError; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_FromString of the C API
 */
static inline HPy HPyBytes_FromString(HPyContext* ctx, const char* bytes) {
    return HPY_FUNCTION(ctx, Bytes_FromString)(ctx, bytes);
}

/** Makes a bytes object from a given size.
 *
 *  ctx      the caller's context
 *  bytes    bytes[len], copied; NULL is refused with a ValueError
 *  len      bytes
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   ValueError for NULL; SystemError for a negative size; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_FromStringAndSize of the C API
 */
static inline HPy HPyBytes_FromStringAndSize(HPyContext* ctx, const char* bytes, HPy_ssize_t len) {
    return HPY_FUNCTION(ctx, Bytes_FromStringAndSize)(ctx, bytes, len);
}

/** Returns the size of a bytes object.
 *
 *  ctx      the caller's context
 *  h        a bytes object, borrowed
 *  returns  bytes; -1 with an exception set
 *  raises   TypeError if it is not a bytes object
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_Size of the C API
 */
static inline HPy_ssize_t HPyBytes_Size(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Bytes_Size)(ctx, h);
}

/** Returns the size of an object that is known to be a bytes object.
 *
 *  ctx      the caller's context
 *  h        a bytes object, borrowed
 *  returns  bytes
 *  raises   nothing: the type of the object is not checked
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_GET_SIZE of the C API
 */
static inline HPy_ssize_t HPyBytes_GET_SIZE(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Bytes_GET_SIZE)(ctx, h);
}

/** Returns the contents of a bytes object. In debug mode they are a copy that can no longer be read
 * once the handle is closed.
 *
 *  ctx      the caller's context
 *  h        a bytes object, borrowed
 *  returns  its bytes, and a zero byte behind them; borrowed, valid as long as the object; NULL
 *           with an exception set
 *  raises   TypeError if it is not a bytes object
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_AsString of the C API
 */
static inline const char* HPyBytes_AsString(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Bytes_AsString)(ctx, h);
}

/** Returns the contents of an object that is known to be a bytes object. In debug mode they are a
 * copy, as from HPyBytes_AsString.
 *
 *  ctx      the caller's context
 *  h        a bytes object, borrowed
 *  returns  its bytes, and a zero byte behind them; borrowed, valid as long as the object
 *  raises   nothing: the type of the object is not checked
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyBytes_AS_STRING of the C API
 */
static inline const char* HPyBytes_AS_STRING(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Bytes_AS_STRING)(ctx, h);
}

#ifdef __cplusplus
}
#endif
