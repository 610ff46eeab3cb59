/* hpy/error.h: exceptions and warnings. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"

#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- raising ---- */

/** Raises an exception with a message.
 *
 *  ctx           the caller's context
 *  h_type        the exception's class, borrowed
 *  utf8_message  UTF-8, ended by a zero byte
 *  returns       HPy_NULL, always, so that a function can return it
 *  raises        an exception of `h_type`; UnicodeDecodeError if the message is not UTF-8;
 *                SystemError if `h_type` is not an exception class
 *  thread        attached to ctx's interpreter
 *  since         HPy 0.9
 *  source        PyErr_SetString of the C API
 */
static inline HPy HPyErr_SetString(HPyContext* ctx, HPy h_type, const char* utf8_message) {
    const HPy nothing = {0};
    HPY_FUNCTION(ctx, Err_SetString)(ctx, h_type, utf8_message);
    return nothing;
}

/** Raises an exception with any value.
 *
 *  ctx      the caller's context
 *  h_type   the exception's class, borrowed
 *  h_value  an instance of the class, or its argument, or a tuple of its arguments; borrowed;
 *           HPy_NULL or None for no argument
 *  returns  HPy_NULL, always
 *  raises   an exception of `h_type`, or what making it raises; SystemError if `h_type` is not an
 *           exception class
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_SetObject of the C API
 */
static inline HPy HPyErr_SetObject(HPyContext* ctx, HPy h_type, HPy h_value) {
    const HPy nothing = {0};
    HPY_FUNCTION(ctx, Err_SetObject)(ctx, h_type, h_value);
    return nothing;
}

/** Raises MemoryError.
 *
 *  ctx      the caller's context
 *  returns  HPy_NULL, always
 *  raises   MemoryError
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_NoMemory of the C API
 */
static inline HPy HPyErr_NoMemory(HPyContext* ctx) {
    const HPy nothing = {0};
    HPY_FUNCTION(ctx, Err_NoMemory)(ctx);
    return nothing;
}

/** Raises an exception for the C variable errno. Call it directly after the failed C function.
 *
 *  ctx                 the caller's context
 *  h_type              OSError or a class like it, borrowed
 *  filename_fsencoded  in the file system's encoding, ended by a zero byte; or NULL
 *  returns             HPy_NULL, always
 *  raises              an exception of `h_type`, or what making it raises; what a signal handler
 *                      raises, where errno is EINTR
 *  thread              attached to ctx's interpreter
 *  since               HPy 0.9
 *  source              PyErr_SetFromErrnoWithFilename of the C API
 */
static inline HPy HPyErr_SetFromErrnoWithFilename(HPyContext* ctx, HPy h_type,
                                                  const char* filename_fsencoded) {
    return HPY_FUNCTION(ctx, Err_SetFromErrnoWithFilename)(ctx, h_type, filename_fsencoded);
}

/** Raises an exception for the C variable errno, for a function of two files.
 *
 *  ctx        the caller's context
 *  h_type     OSError or a class like it, borrowed
 *  filename1  borrowed; or HPy_NULL
 *  filename2  borrowed; or HPy_NULL; left out where `filename1` is HPy_NULL
 *  returns    HPy_NULL, always
 *  raises     an exception of `h_type`, or what making it raises; what a signal handler raises,
 *             where errno is EINTR
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyErr_SetFromErrnoWithFilenameObjects of the C API
 */
static inline HPy HPyErr_SetFromErrnoWithFilenameObjects(HPyContext* ctx, HPy h_type, HPy filename1,
                                                         HPy filename2) {
    const HPy nothing = {0};
    HPY_FUNCTION(ctx, Err_SetFromErrnoWithFilenameObjects)(ctx, h_type, filename1, filename2);
    return nothing;
}

/** Raises an exception for the C variable errno, for a function of one file.
 *
 *  ctx       the caller's context
 *  h_type    OSError or a class like it, borrowed
 *  filename  borrowed; or HPy_NULL
 *  returns   HPy_NULL, always
 *  raises    an exception of `h_type`, or what making it raises; what a signal handler raises,
 *            where errno is EINTR
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyErr_SetFromErrnoWithFilenameObject of the C API; inline, by
 *            HPyErr_SetFromErrnoWithFilenameObjects
 */
static inline HPy HPyErr_SetFromErrnoWithFilenameObject(HPyContext* ctx, HPy h_type, HPy filename) {
    const HPy nothing = {0};
    return HPyErr_SetFromErrnoWithFilenameObjects(ctx, h_type, filename, nothing);
}

/** Raises an exception for the C variable errno, without a file.
 *
 *  ctx      the caller's context
 *  h_type   OSError or a class like it, borrowed
 *  returns  HPy_NULL, always
 *  raises   an exception of `h_type`, or what making it raises; what a signal handler raises, where
 *           errno is EINTR
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_SetFromErrno of the C API; inline, by HPyErr_SetFromErrnoWithFilenameObjects
 */
static inline HPy HPyErr_SetFromErrno(HPyContext* ctx, HPy h_type) {
    const HPy nothing = {0};
    return HPyErr_SetFromErrnoWithFilenameObjects(ctx, h_type, nothing, nothing);
}

/* ---- asking and clearing ---- */

/** Tells whether an exception is set.
 *
 *  ctx      the caller's context
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_Occurred of the C API
 */
static inline int HPyErr_Occurred(HPyContext* ctx) {
    return HPY_FUNCTION(ctx, Err_Occurred)(ctx);
}

/** Tells whether an exception is set that an `except` clause with these classes would catch.
 *
 *  ctx      the caller's context
 *  exc      a class, or a tuple of classes, borrowed; HPy_NULL matches nothing
 *  returns  1 or 0; 0 if none is set
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_ExceptionMatches of the C API
 */
static inline int HPyErr_ExceptionMatches(HPyContext* ctx, HPy exc) {
    return HPY_FUNCTION(ctx, Err_ExceptionMatches)(ctx, exc);
}

/** Drops the exception that is set, if there is one.
 *
 *  ctx      the caller's context
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_Clear of the C API
 */
static inline void HPyErr_Clear(HPyContext* ctx) {
    HPY_FUNCTION(ctx, Err_Clear)(ctx);
}

/** Reports the exception that is set to `sys.unraisablehook`, and drops it: for code that cannot
 * raise.
 *
 *  ctx      the caller's context
 *  obj      where it was raised, for the report; borrowed; or HPy_NULL
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyErr_WriteUnraisable of the C API
 */
static inline void HPyErr_WriteUnraisable(HPyContext* ctx, HPy obj) {
    HPY_FUNCTION(ctx, Err_WriteUnraisable)(ctx, obj);
}

/* ---- new exceptions, warnings ---- */

/** Makes an exception class.
 *
 *  ctx        the caller's context
 *  utf8_name  UTF-8, `module.Class`
 *  base       a class or a tuple of classes, borrowed; HPy_NULL for Exception
 *  dict       attributes of the class, a dict, borrowed; it is given a `__module__` where it has
 *             none; or HPy_NULL
 *  returns    new handle, close it; HPy_NULL with an exception set
 *  raises     anything; SystemError if the name has no dot; TypeError if `dict` is not a dict
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyErr_NewException of the C API
 */
static inline HPy HPyErr_NewException(HPyContext* ctx, const char* utf8_name, HPy base, HPy dict) {
    return HPY_FUNCTION(ctx, Err_NewException)(ctx, utf8_name, base, dict);
}

/** Makes an exception class that has a docstring.
 *
 *  ctx        the caller's context
 *  utf8_name  UTF-8, `module.Class`
 *  utf8_doc   UTF-8; or NULL
 *  base       a class or a tuple of classes, borrowed; HPy_NULL for Exception
 *  dict       attributes of the class, a dict, borrowed; it is given `__doc__`, and a `__module__`
 *             where it has none; or HPy_NULL
 *  returns    new handle, close it; HPy_NULL with an exception set
 *  raises     anything; SystemError if the name has no dot; TypeError if `dict` is not a dict
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyErr_NewExceptionWithDoc of the C API
 */
static inline HPy HPyErr_NewExceptionWithDoc(HPyContext* ctx, const char* utf8_name,
                                             const char* utf8_doc, HPy base, HPy dict) {
    return HPY_FUNCTION(ctx, Err_NewExceptionWithDoc)(ctx, utf8_name, utf8_doc, base, dict);
}

/** Issues a warning. A filter may turn it into an exception.
 *
 *  ctx           the caller's context
 *  category      a warning class, borrowed; HPy_NULL for RuntimeWarning
 *  utf8_message  UTF-8, ended by a zero byte
 *  stack_level   a count of Python frames: 1 blames the line of Python that is running, 2 its
 *                caller's
 *  returns       0; -1 with an exception set
 *  raises        anything; `category`, where a filter turns the warning into an exception
 *  thread        attached to ctx's interpreter
 *  since         HPy 0.9
 *  source        PyErr_WarnEx of the C API
 */
static inline int HPyErr_WarnEx(HPyContext* ctx, HPy category, const char* utf8_message,
                                HPy_ssize_t stack_level) {
    return HPY_FUNCTION(ctx, Err_WarnEx)(ctx, category, utf8_message, stack_level);
}

/* ---- the end of the process ---- */

/* Declared first, because the contract must be directly above the function. */
static inline void HPy_FatalError(HPyContext* ctx, const char* message) __attribute__((noreturn));

/** Prints a message and the Python stack to stderr, and aborts the process.
 *
 *  ctx      the caller's context
 *  message  UTF-8, ended by a zero byte; or NULL
 *  returns  nothing: it does not return
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   Py_FatalError of the C API
 */
static inline void HPy_FatalError(HPyContext* ctx, const char* message) {
    HPY_FUNCTION(ctx, FatalError)(ctx, message);
    abort(); /* the pointer's type does not tell the compiler that the call never returns */
}

#ifdef __cplusplus
}
#endif
