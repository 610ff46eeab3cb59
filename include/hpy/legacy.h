/* hpy/legacy.h: between handles and the C API's objects, in hybrid modules. C11, C++17.
 *
 * cpy_PyObject is PyObject where Python.h is included. In a universal extension these functions are
 * declared only so that a call is an error of the compiler that gives the reason.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(HPY_ABI_UNIVERSAL)

/* Without a body: the compiler reports the attribute `error` only for a call that is not inlined.
 */
_HPY_LEGACY HPy HPy_FromPyObject(HPyContext* ctx, cpy_PyObject* obj);
_HPY_LEGACY cpy_PyObject* HPy_AsPyObject(HPyContext* ctx, HPy h);

#else

/** Makes a handle for an object of the C API.
 *
 *  ctx      the caller's context
 *  obj      borrowed; or NULL
 *  returns  new handle, close it; HPy_NULL for NULL, or with an exception set
 *  raises   MemoryError, in debug mode
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, porting
 */
static inline HPy HPy_FromPyObject(HPyContext* ctx, cpy_PyObject* obj) {
    return HPY_FUNCTION(ctx, FromPyObject)(ctx, obj);
}

/** Returns the object of a handle, for the C API.
 *
 *  ctx      the caller's context
 *  h        borrowed; or HPy_NULL
 *  returns  new reference, Py_DECREF it; NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, porting
 */
static inline cpy_PyObject* HPy_AsPyObject(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, AsPyObject)(ctx, h);
}

#endif

#ifdef __cplusplus
}
#endif
