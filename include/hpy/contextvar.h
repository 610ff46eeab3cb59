/* hpy/contextvar.h: context variables. C11, C++17.
 *
 * A handle or a text that is not said to be optional is required. HPy_NULL or NULL there gives the
 * function's error value and a SystemError that names the function (or leaves the exception that is
 * set already); `raises` does not repeat it.
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
 *  default_value  what the variable gives where none was set, borrowed; HPy_NULL for none
 *  returns        new handle, close it; HPy_NULL with an exception set
 *  raises         MemoryError; UnicodeDecodeError where the name is no UTF-8
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
 *  default_value  what to give where none was set, before the variable's own default; borrowed, or
 *                 HPy_NULL
 *  result         gets a new handle, close it; or HPy_NULL where there is no value at all
 *  returns        0; -1 with an exception set
 *  raises         TypeError where `context_var` is no context variable; MemoryError
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
 *  raises       TypeError where `context_var` is no context variable; MemoryError
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
