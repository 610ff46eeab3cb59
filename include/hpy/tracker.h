/* hpy/tracker.h: handles that are closed together. C11, C++17.
 *
 * `_i` is 0 in a tracker that could not be made.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Makes a tracker: a set of handles that are closed together, for functions that return at many
 * places.
 *
 *  ctx      the caller's context
 *  size     how many handles it will hold, about; it grows
 *  returns  tracker, close it by HPyTracker_Close; a null one with an exception set
 *  raises   ValueError for a negative size; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTracker
 */
static inline HPyTracker HPyTracker_New(HPyContext* ctx, HPy_ssize_t size) {
    return HPY_FUNCTION(ctx, Tracker_New)(ctx, size);
}

/** Adds a handle. After a failure add no more: close the tracker.
 *
 *  ctx      the caller's context
 *  ht       not null
 *  h        *taken*, also where it fails: the tracker closes it
 *  returns  0; -1 with an exception set
 *  raises   MemoryError; SystemError for a null tracker
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTracker
 */
static inline int HPyTracker_Add(HPyContext* ctx, HPyTracker ht, HPy h) {
    return HPY_FUNCTION(ctx, Tracker_Add)(ctx, ht, h);
}

/** Removes all handles without closing them: the caller owns them again.
 *
 *  ctx      the caller's context
 *  ht       not null
 *  returns  nothing
 *  raises   SystemError for a null tracker
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTracker
 */
static inline void HPyTracker_ForgetAll(HPyContext* ctx, HPyTracker ht) {
    HPY_FUNCTION(ctx, Tracker_ForgetAll)(ctx, ht);
}

/** Closes all handles of a tracker, and the tracker.
 *
 *  ctx      the caller's context
 *  ht       *taken*; null is allowed
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   HPy docs, HPyTracker
 */
static inline void HPyTracker_Close(HPyContext* ctx, HPyTracker ht) {
    HPY_FUNCTION(ctx, Tracker_Close)(ctx, ht);
}

#ifdef __cplusplus
}
#endif
