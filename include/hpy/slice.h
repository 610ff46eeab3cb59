/* hpy/slice.h: slices. C11, C++17.
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

/** Gives the three numbers of a slice; a number that is not given is one beyond every length.
 * HPySlice_AdjustIndices fits them to a length.
 *
 *  ctx      the caller's context
 *  slice    a slice, borrowed
 *  start    out: first index
 *  stop     out: where it ends
 *  step     out: never 0
 *  returns  0; -1 with an exception set
 *  raises   ValueError for a step of 0; TypeError for a part that is no index; TypeError if it is
 *           no slice
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PySlice_Unpack of the C API
 */
static inline int HPySlice_Unpack(HPyContext* ctx, HPy slice, HPy_ssize_t* start, HPy_ssize_t* stop,
                                  HPy_ssize_t* step) {
    return HPY_FUNCTION(ctx, Slice_Unpack)(ctx, slice, start, stop, step);
}

/** Fits the numbers of HPySlice_Unpack to a sequence. Calls nothing.
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
    /* Walking backwards, the last item is the first, and the place in front of it the end. */
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
        /* -(step + 1) + 1 is no overflow for the smallest step there is. */
        const size_t back = (size_t) - (step + 1) + 1;
        return *stop < *start ? (HPy_ssize_t)((size_t)(*start - *stop - 1) / back) + 1 : 0;
    }
    return *start < *stop ? (*stop - *start - 1) / step + 1 : 0;
}

#ifdef __cplusplus
}
#endif
