/* hpy/thread.h: running C code while other threads run Python. C11, C++17.
 *
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Detaches the thread, so that others can run Python. It must not call the API again before
 * HPy_ReenterPythonExecution.
 *
 *  ctx      the caller's context
 *  returns  what HPy_ReenterPythonExecution needs
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyEval_SaveThread of the C API; PEP 703 for the words
 */
static inline HPyThreadState HPy_LeavePythonExecution(HPyContext* ctx) {
    return HPY_FUNCTION(ctx, LeavePythonExecution)(ctx);
}

/** Attaches the thread again; waits until it may.
 *
 *  ctx      the caller's context
 *  state    what HPy_LeavePythonExecution returned on this thread
 *  returns  nothing; if the interpreter ends before, the thread ends here or waits forever
 *  raises   nothing
 *  thread   any that is detached from ctx's interpreter
 *  since    HPy 0.9
 *  source   PyEval_RestoreThread of the C API
 */
static inline void HPy_ReenterPythonExecution(HPyContext* ctx, HPyThreadState state) {
    HPY_FUNCTION(ctx, ReenterPythonExecution)(ctx, state);
}

/** Begins a block of C that runs detached; HPy_END_LEAVE_PYTHON ends it. Leave it by its end only.
 */
#define HPy_BEGIN_LEAVE_PYTHON(context)                                                            \
    {                                                                                              \
        const HPyThreadState hpy_left_state_ = HPy_LeavePythonExecution(context);

/** Ends the block of HPy_BEGIN_LEAVE_PYTHON: attaches the thread again. */
#define HPy_END_LEAVE_PYTHON(context)                                                              \
    HPy_ReenterPythonExecution(context, hpy_left_state_);                                          \
    }

#ifdef __cplusplus
}
#endif
