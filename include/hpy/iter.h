/* hpy/iter.h: iterators. C11, C++17.
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

/** Returns an iterator over an object.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   TypeError if it cannot be iterated over; anything
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PyObject_GetIter of the C API
 */
static inline HPy HPy_GetIter(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, GetIter)(ctx, obj);
}

/** Returns the next item.
 *
 *  ctx      the caller's context
 *  obj      an iterator, borrowed
 *  returns  new handle, close it; HPy_NULL at the end, and HPy_NULL with an exception set
 *  raises   what the iterator raises; TypeError if it is not an iterator
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PyIter_Next of the C API
 */
static inline HPy HPyIter_Next(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Iter_Next)(ctx, obj);
}

/** Tells whether an object is an iterator.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PyIter_Check of the C API
 */
static inline int HPyIter_Check(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Iter_Check)(ctx, obj);
}

#ifdef __cplusplus
}
#endif
