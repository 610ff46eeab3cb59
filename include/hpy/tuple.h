/* hpy/tuple.h: tuples. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/builder.h"
#include "hpy/context.h"

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Tells whether an object is a tuple or an instance of a subclass.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyTuple_Check of the C API
 */
static inline int HPyTuple_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Tuple_Check)(ctx, h);
}

/** Makes a tuple of the items of an array.
 *
 *  ctx      the caller's context
 *  items    items[n], borrowed; may be NULL where `n` is 0
 *  n        count of the items
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for an item that is HPy_NULL, or a negative count; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyTuple_New of the C API
 */
static inline HPy HPyTuple_FromArray(HPyContext* ctx, const HPy* items, HPy_ssize_t n) {
    return HPY_FUNCTION(ctx, Tuple_FromArray)(ctx, (HPy*)items, n); /* it is only read */
}

/** Makes a tuple from the handles that follow.
 *
 *  ctx      the caller's context
 *  n        how many follow; each an HPy, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   SystemError for one that is HPy_NULL, or a negative count; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyTuple_Pack of the C API; inline, by HPyTuple_FromArray, or a builder for many
 */
static inline HPy HPyTuple_Pack(HPyContext* ctx, HPy_ssize_t n, ...) {
    HPy few[8];
    HPyTupleBuilder builder = {0};
    HPy_ssize_t i;
    va_list items;
    if (n > 8) {
        builder = HPyTupleBuilder_New(ctx, n);
    }
    va_start(items, n);
    for (i = 0; i < n; i++) {
        const HPy item = va_arg(items, HPy);
        if (n > 8) {
            HPyTupleBuilder_Set(ctx, builder, i, item);
        } else {
            few[i] = item;
        }
    }
    va_end(items);
    return n > 8 ? HPyTupleBuilder_Build(ctx, builder) : HPyTuple_FromArray(ctx, few, n);
}

#ifdef __cplusplus
}
#endif
