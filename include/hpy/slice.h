/* hpy/slice.h: slices. C11, C++17.
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

/** Makes a slice.
 *
 *  ctx      the caller's context
 *  start    borrowed; HPy_NULL for None
 *  stop     borrowed; HPy_NULL for None
 *  step     borrowed; HPy_NULL for None
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PySlice_New of the C API
 */
static inline HPy HPySlice_New(HPyContext* ctx, HPy start, HPy stop, HPy step) {
    return HPY_FUNCTION(ctx, Slice_New)(ctx, start, stop, step);
}

/** Returns the three numbers of a slice. One that the slice does not give is so large that it is
 * beyond every length; HPySlice_AdjustIndices adjusts them to a length.
 *
 *  ctx      the caller's context
 *  slice    a slice, borrowed
 *  start    out: first index
 *  stop     out: where it ends
 *  step     out: never 0
 *  returns  0; -1 with an exception set
 *  raises   ValueError for a step of 0; TypeError for a part that is not an index; TypeError if it
 *           is not a slice
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PySlice_Unpack of the C API
 */
static inline int HPySlice_Unpack(HPyContext* ctx, HPy slice, HPy_ssize_t* start, HPy_ssize_t* stop,
                                  HPy_ssize_t* step) {
    return HPY_FUNCTION(ctx, Slice_Unpack)(ctx, slice, start, stop, step);
}

/** Adjusts the numbers of HPySlice_Unpack to the length of a sequence. Calls nothing.
 *
 *  ctx      the caller's context
 *  length   count of the sequence's items
 *  start    in: as unpacked; out: first index, 0 to `length`
 *  stop     in: as unpacked; out: where it ends, -1 to `length`
 *  step     as unpacked, not 0
 *  returns  count of the slice's items
 *  raises   nothing
 *  thread   any
 *  since    HPy 0.9
 *  source   PySlice_AdjustIndices of the C API; inline
 */
static inline HPy_ssize_t HPySlice_AdjustIndices(HPyContext* ctx, HPy_ssize_t length,
                                                 HPy_ssize_t* start, HPy_ssize_t* stop,
                                                 HPy_ssize_t step) {
    /* Backwards, the first index is at most that of the last item, and the end at least -1. */
    const HPy_ssize_t least = step < 0 ? -1 : 0;
    const HPy_ssize_t most = step < 0 ? length - 1 : length;
    HPy_ssize_t* const ends[2] = {start, stop};
    int i;
    (void)ctx;
    for (i = 0; i < 2; i++) {
        if (*ends[i] < 0) {
            *ends[i] += length;
            if (*ends[i] < 0) {
                *ends[i] = least;
            }
        } else if (*ends[i] >= length) {
            *ends[i] = most;
        }
    }
    if (step < 0) {
        /* -(step + 1) + 1 does not overflow, even for the smallest step. */
        const size_t back = (size_t) - (step + 1) + 1;
        return *stop < *start ? (HPy_ssize_t)((size_t)(*start - *stop - 1) / back) + 1 : 0;
    }
    return *start < *stop ? (*stop - *start - 1) / step + 1 : 0;
}

#ifdef __cplusplus
}
#endif
