/* hpy/list.h: lists. C11, C++17.
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

/** Tells whether an object is a list or an instance of a subclass.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyList_Check of the C API
 */
static inline int HPyList_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, List_Check)(ctx, h);
}

/** Makes a list whose items are all NULL: fill it before Python code sees it, by HPy_SetItem_i.
 * HPyListBuilder makes one that is never half done.
 *
 *  ctx      the caller's context
 *  len      count of the items
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for a negative count; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyList_New of the C API
 */
static inline HPy HPyList_New(HPyContext* ctx, HPy_ssize_t len) {
    return HPY_FUNCTION(ctx, List_New)(ctx, len);
}

/** Adds an item at a list's end.
 *
 *  ctx      the caller's context
 *  h_list   a list, borrowed
 *  h_item   borrowed
 *  returns  0; -1 with an exception set
 *  raises   SystemError if it is no list; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyList_Append of the C API
 */
static inline int HPyList_Append(HPyContext* ctx, HPy h_list, HPy h_item) {
    return HPY_FUNCTION(ctx, List_Append)(ctx, h_list, h_item);
}

/** Adds an item in the midst of a list.
 *
 *  ctx      the caller's context
 *  h_list   a list, borrowed
 *  index    in front of which item; beyond an end means that end, negative counts from the end
 *  h_item   borrowed
 *  returns  0; -1 with an exception set
 *  raises   SystemError if it is no list; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PyList_Insert of the C API
 */
static inline int HPyList_Insert(HPyContext* ctx, HPy h_list, HPy_ssize_t index, HPy h_item) {
    return HPY_FUNCTION(ctx, List_Insert)(ctx, h_list, index, h_item);
}

#ifdef __cplusplus
}
#endif
