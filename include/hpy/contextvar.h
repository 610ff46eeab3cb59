/* hpy/contextvar.h: context variables. C11, C++17.
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

/** Makes a context variable.
 *
 *  ctx            the caller's context
 *  name           UTF-8, ended by 0; copied
 *  default_value  the value where none was set, borrowed; HPy_NULL for none
 *  returns        new handle, close it; HPy_NULL with an exception set
 *  raises         MemoryError; UnicodeDecodeError if the name is not UTF-8
 *  thread         attached to ctx's interpreter
 *  since          HPy 0.9
 *  source         PyContextVar_New of the C API; PEP 567
 */
static inline HPy HPyContextVar_New(HPyContext* ctx, const char* name, HPy default_value) {
    return HPY_FUNCTION(ctx, ContextVar_New)(ctx, name, default_value);
}

/** Gets the value that a variable has in the current context.
 *
 *  ctx            the caller's context
 *  context_var    a context variable, borrowed
 *  default_value  what to return where none was set, in place of the variable's own default;
 *                 borrowed, or HPy_NULL
 *  result         gets a new handle, close it; or HPy_NULL where there is no value at all
 *  returns        0; -1 with an exception set
 *  raises         TypeError if `context_var` is not a context variable; MemoryError
 *  thread         attached to ctx's interpreter
 *  since          HPy 0.9
 *  source         PyContextVar_Get of the C API; PEP 567
 */
static inline int32_t HPyContextVar_Get(HPyContext* ctx, HPy context_var, HPy default_value,
                                        HPy* result) {
    return HPY_FUNCTION(ctx, ContextVar_Get)(ctx, context_var, default_value, result);
}

/** Sets the value of a variable in the current context.
 *
 *  ctx          the caller's context
 *  context_var  a context variable, borrowed
 *  value        borrowed
 *  returns      new handle to a token that restores the old value, close it; HPy_NULL with an
 *               exception set
 *  raises       TypeError if `context_var` is not a context variable; MemoryError
 *  thread       attached to ctx's interpreter
 *  since        HPy 0.9
 *  source       PyContextVar_Set of the C API; PEP 567
 */
static inline HPy HPyContextVar_Set(HPyContext* ctx, HPy context_var, HPy value) {
    return HPY_FUNCTION(ctx, ContextVar_Set)(ctx, context_var, value);
}

#ifdef __cplusplus
}
#endif
