/* hpy/buildvalue.h: objects by a format. C11, C++17.
 *
 *     HPy_BuildValue(ctx, "{s:(ii),s:O}", "size", 3, 4, "owner", owner)
 *
 *   i int    I unsigned int    l long    k unsigned long    L long long    K unsigned long long
 *   n HPy_ssize_t    f d double    s const char * (UTF-8; None for NULL)    O S HPy (borrowed)
 *   (...) tuple    [...] list    {key:value,...} dict
 *
 * Blanks and commas between items mean nothing.
 */
#pragma once

#include "hpy/attributes.h"
#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes an object from C values: None for an empty format, the item itself for one item, a tuple
 * for several.
 *
 *  ctx      the caller's context
 *  fmt      see above; ASCII
 *  ...      the values that it names, in their order; handles are borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for a handle that is HPy_NULL, and for a format that is wrong, naming the
 *           place; an exception that is set already is kept where a handle is HPy_NULL
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   Py_BuildValue of the C API
 */
HPyAPI_HELPER HPy HPy_BuildValue(HPyContext* ctx, const char* fmt, ...);

#ifdef __cplusplus
}
#endif
