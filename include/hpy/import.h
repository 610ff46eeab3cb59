/* hpy/import.h: importing modules. C11, C++17.
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

/** Imports a module, or gives it from `sys.modules`.
 *
 *  ctx        the caller's context
 *  utf8_name  UTF-8, the absolute name; `a.b` gives b, not a
 *  returns    new handle, close it; HPy_NULL with an exception set
 *  raises     anything; ImportError if it cannot be found
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyImport_ImportModule of the C API
 */
static inline HPy HPyImport_ImportModule(HPyContext* ctx, const char* utf8_name) {
    return HPY_FUNCTION(ctx, Import_ImportModule)(ctx, utf8_name);
}

#ifdef __cplusplus
}
#endif
