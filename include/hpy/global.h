/* hpy/global.h: references in C statics: one value per interpreter. C11, C++17.
 *
 * To use a global's object in one call, see hpystate/fused.h.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Stores an object for the interpreter of `ctx`, and releases the one that it stored before. Other
 * interpreters keep theirs. After the interpreter's end it has no effect.
 *
 *  ctx      the caller's context
 *  global   its address, which must be static and listed in the module's globals
 *  h        borrowed; HPy_NULL for none
 *  returns  nothing
 *  raises   MemoryError, and the old value stays; SystemError for NULL
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyGlobal
 */
static inline void HPyGlobal_Store(HPyContext* ctx, HPyGlobal* global, HPy h) {
    HPY_FUNCTION(ctx, Global_Store)(ctx, global, h);
}

/** Returns the object that the interpreter of `ctx` stored in a global.
 *
 *  ctx      the caller's context
 *  global   by value
 *  returns  new handle, close it; HPy_NULL, without an exception, if this interpreter stored none
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyGlobal
 */
static inline HPy HPyGlobal_Load(HPyContext* ctx, HPyGlobal global) {
    return HPY_FUNCTION(ctx, Global_Load)(ctx, global);
}

#ifdef __cplusplus
}
#endif
