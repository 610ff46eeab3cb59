/* hpy/call.h: calling objects. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"
#include "hpy/object.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Tells whether an object can be called: `callable(h)`.
 *
 *  ctx      the caller's context
 *  h        borrowed; HPy_NULL cannot be called
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyCallable_Check of the C API
 */
static inline int HPyCallable_Check(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Callable_Check)(ctx, h);
}

/** Calls an object with the arguments of an array. Nothing is copied, so this is the fastest call.
 *
 *  ctx       the caller's context
 *  callable  borrowed
 *  args      handles[nargs + len(kwnames)], borrowed; positional ones first, the values of the
 *            keywords behind them; may be NULL where that is 0
 *  nargs     how many of `args` are positional; a plain count, without flag bits
 *  kwnames   tuple of str, borrowed; or HPy_NULL
 *  returns   the result, a new handle, close it; HPy_NULL with an exception set
 *  raises    anything; TypeError if it cannot be called or `kwnames` is not a tuple; SystemError if
 *            an argument is HPy_NULL and no exception is set
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyObject_Vectorcall of the C API
 */
static inline HPy HPy_Call(HPyContext* ctx, HPy callable, const HPy* args, size_t nargs,
                           HPy kwnames) {
    return HPY_FUNCTION(ctx, Call)(ctx, callable, args, nargs, kwnames);
}

/** Calls a method of `args[0]` with the arguments behind it. A bound method is made only if the
 * type forces it.
 *
 *  ctx      the caller's context
 *  name     str, borrowed
 *  args     handles[nargs + len(kwnames)], borrowed; args[0] is the object whose method is called
 *  nargs    how many of `args` are positional, the object included: at least 1; a plain count,
 *           without flag bits
 *  kwnames  tuple of str, borrowed; or HPy_NULL
 *  returns  the result, a new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError if `kwnames` is not a tuple; SystemError if `nargs` is 0, or an
 *           argument is HPy_NULL and no exception is set
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_VectorcallMethod of the C API
 */
static inline HPy HPy_CallMethod(HPyContext* ctx, HPy name, const HPy* args, size_t nargs,
                                 HPy kwnames) {
    return HPY_FUNCTION(ctx, CallMethod)(ctx, name, args, nargs, kwnames);
}

/** Calls an object with a tuple and a dict: `callable(*args, **kw)`.
 *
 *  ctx       the caller's context
 *  callable  borrowed
 *  args      tuple, borrowed; or HPy_NULL for none
 *  kw        dict, borrowed; or HPy_NULL
 *  returns   the result, a new handle, close it; HPy_NULL with an exception set
 *  raises    anything; TypeError if `args` is not a tuple or `kw` is not a dict
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyObject_Call of the C API
 */
static inline HPy HPy_CallTupleDict(HPyContext* ctx, HPy callable, HPy args, HPy kw) {
    return HPY_FUNCTION(ctx, CallTupleDict)(ctx, callable, args, kw);
}

/** Calls a method with a tuple and a dict: `receiver.name(*args, **kw)`.
 *
 *  ctx       the caller's context
 *  name      str, borrowed
 *  receiver  the object whose method is called, borrowed
 *  args      tuple, borrowed; or HPy_NULL for none
 *  kw        dict, borrowed; or HPy_NULL
 *  returns   the result, a new handle, close it; HPy_NULL with an exception set
 *  raises    anything; TypeError if `args` is not a tuple or `kw` is not a dict
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    inline, by HPy_GetAttr and HPy_CallTupleDict
 */
static inline HPy HPy_CallMethodTupleDict(HPyContext* ctx, HPy name, HPy receiver, HPy args,
                                          HPy kw) {
    HPy result = {0};
    const HPy method = HPy_GetAttr(ctx, receiver, name);
    if (method._i == 0) return result;
    result = HPy_CallTupleDict(ctx, method, args, kw);
    HPy_Close(ctx, method);
    return result;
}

/** Calls a method with a tuple and a dict: `receiver.name(*args, **kw)`.
 *
 *  ctx        the caller's context
 *  utf8_name  UTF-8, ended by a zero byte
 *  receiver   the object whose method is called, borrowed
 *  args       tuple, borrowed; or HPy_NULL for none
 *  kw         dict, borrowed; or HPy_NULL
 *  returns    the result, a new handle, close it; HPy_NULL with an exception set
 *  raises     anything; TypeError if `args` is not a tuple or `kw` is not a dict
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     inline, by HPy_GetAttr_s and HPy_CallTupleDict
 */
static inline HPy HPy_CallMethodTupleDict_s(HPyContext* ctx, const char* utf8_name, HPy receiver,
                                            HPy args, HPy kw) {
    HPy result = {0};
    const HPy method = HPy_GetAttr_s(ctx, receiver, utf8_name);
    if (method._i == 0) return result;
    result = HPy_CallTupleDict(ctx, method, args, kw);
    HPy_Close(ctx, method);
    return result;
}

#ifdef __cplusplus
}
#endif
