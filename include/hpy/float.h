/* hpy/float.h: floats. C11, C++17.
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

/** Makes a float from a double.
 *
 *  ctx      the caller's context
 *  v        any, also infinite or NaN
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyFloat_FromDouble of the C API
 */
static inline HPy HPyFloat_FromDouble(HPyContext* ctx, double v) {
    return HPY_FUNCTION(ctx, Float_FromDouble)(ctx, v);
}

/** Converts an object to a double.
 *
 *  ctx      the caller's context
 *  h        a float, or an object with `__float__` or `__index__`, borrowed
 *  returns  the value; -1.0 with an exception set, and for that value itself: call HPyErr_Occurred
 *           to know which
 *  raises   anything; TypeError if it has no such method; OverflowError if it is an int and too
 *           large
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyFloat_AsDouble of the C API
 */
static inline double HPyFloat_AsDouble(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Float_AsDouble)(ctx, h);
}

#ifdef __cplusplus
}
#endif
