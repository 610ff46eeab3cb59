/* hpy/list.h: lists. C11, C++17.
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

/** Makes a list of `len` items; set each of them by HPy_SetItem_i. Until it is set, an item is None
 * here, and NULL under HPy's own runtime, where no Python code may see it. HPyListBuilder makes a
 * list that nobody sees before it is complete.
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
 *  raises   SystemError if it is not a list; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyList_Append of the C API
 */
static inline int HPyList_Append(HPyContext* ctx, HPy h_list, HPy h_item) {
    return HPY_FUNCTION(ctx, List_Append)(ctx, h_list, h_item);
}

/** Inserts an item into a list.
 *
 *  ctx      the caller's context
 *  h_list   a list, borrowed
 *  index    of the item before which to insert; a negative one counts from the end; one that is out
 *           of range means the nearest end
 *  h_item   borrowed
 *  returns  0; -1 with an exception set
 *  raises   SystemError if it is not a list; MemoryError
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
