/* hpy/dict.h: dicts. C11, C++17.
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

/** Tells whether an object is a dict or an instance of a subclass.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyDict_Check of the C API
 */
static inline int HPyDict_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Dict_Check)(ctx, h);
}

/** Makes an empty dict.
 *
 *  ctx      the caller's context
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyDict_New of the C API
 */
static inline HPy HPyDict_New(HPyContext* ctx) {
    return HPY_FUNCTION(ctx, Dict_New)(ctx);
}

/** Returns a list of the keys.
 *
 *  ctx      the caller's context
 *  h        a dict, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError if it is not a dict; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyDict_Keys of the C API
 */
static inline HPy HPyDict_Keys(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Dict_Keys)(ctx, h);
}

/** Makes a shallow copy.
 *
 *  ctx      the caller's context
 *  h        a dict, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError if it is not a dict; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyDict_Copy of the C API
 */
static inline HPy HPyDict_Copy(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Dict_Copy)(ctx, h);
}

#ifdef __cplusplus
}
#endif
