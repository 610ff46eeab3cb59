/* hpy/builder.h: tuples and lists, item by item. C11, C++17.
 *
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- lists ---- */

/** Begins a list: no Python code sees it before it is complete.
 *
 *  ctx      the caller's context
 *  size     count of the items
 *  returns  builder, end it by HPyListBuilder_Build or HPyListBuilder_Cancel; if it could not be
 *           made, Set and Cancel do nothing and Build raises
 *  raises   nothing: MemoryError, or SystemError for a negative size, is what Build raises
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyListBuilder
 */
static inline HPyListBuilder HPyListBuilder_New(HPyContext* ctx, HPy_ssize_t size) {
    return HPY_FUNCTION(ctx, ListBuilder_New)(ctx, size);
}

/** Sets one item.
 *
 *  ctx      the caller's context
 *  builder  from New
 *  index    0 to the size - 1, each once
 *  h_item   borrowed
 *  returns  nothing
 *  raises   IndexError for an index out of range; Build then returns HPy_NULL
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyListBuilder
 */
static inline void HPyListBuilder_Set(HPyContext* ctx, HPyListBuilder builder, HPy_ssize_t index,
                                      HPy h_item) {
    HPY_FUNCTION(ctx, ListBuilder_Set)(ctx, builder, index, h_item);
}

/** Returns the list.
 *
 *  ctx      the caller's context
 *  builder  *taken*
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError; SystemError for a negative size; an exception that is set already. An item
 *           that was not set is None
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyListBuilder
 */
static inline HPy HPyListBuilder_Build(HPyContext* ctx, HPyListBuilder builder) {
    return HPY_FUNCTION(ctx, ListBuilder_Build)(ctx, builder);
}

/** Releases the list and its items.
 *
 *  ctx      the caller's context
 *  builder  *taken*
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyListBuilder
 */
static inline void HPyListBuilder_Cancel(HPyContext* ctx, HPyListBuilder builder) {
    HPY_FUNCTION(ctx, ListBuilder_Cancel)(ctx, builder);
}

/* ---- tuples ---- */

/** Begins a tuple: no Python code sees it before it is complete.
 *
 *  ctx      the caller's context
 *  size     count of the items
 *  returns  builder, end it by HPyTupleBuilder_Build or HPyTupleBuilder_Cancel; if it could not be
 *           made, Set and Cancel do nothing and Build raises
 *  raises   nothing: MemoryError, or SystemError for a negative size, is what Build raises
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTupleBuilder
 */
static inline HPyTupleBuilder HPyTupleBuilder_New(HPyContext* ctx, HPy_ssize_t size) {
    return HPY_FUNCTION(ctx, TupleBuilder_New)(ctx, size);
}

/** Sets one item.
 *
 *  ctx      the caller's context
 *  builder  from New
 *  index    0 to the size - 1, each once
 *  h_item   borrowed
 *  returns  nothing
 *  raises   IndexError for an index out of range; Build then returns HPy_NULL
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTupleBuilder
 */
static inline void HPyTupleBuilder_Set(HPyContext* ctx, HPyTupleBuilder builder, HPy_ssize_t index,
                                       HPy h_item) {
    HPY_FUNCTION(ctx, TupleBuilder_Set)(ctx, builder, index, h_item);
}

/** Returns the tuple.
 *
 *  ctx      the caller's context
 *  builder  *taken*
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError; SystemError for a negative size; an exception that is set already. An item
 *           that was not set is None
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTupleBuilder
 */
static inline HPy HPyTupleBuilder_Build(HPyContext* ctx, HPyTupleBuilder builder) {
    return HPY_FUNCTION(ctx, TupleBuilder_Build)(ctx, builder);
}

/** Releases the tuple and its items.
 *
 *  ctx      the caller's context
 *  builder  *taken*
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTupleBuilder
 */
static inline void HPyTupleBuilder_Cancel(HPyContext* ctx, HPyTupleBuilder builder) {
    HPY_FUNCTION(ctx, TupleBuilder_Cancel)(ctx, builder);
}

#ifdef __cplusplus
}
#endif
