/* hpystate/fused.h: fused calls: the operand is a global. C11, C++17.
 *
 * Long: a contract for each fused call.
 *
 * Most globals are used by HPyGlobal_Load, one call, and HPy_Close. A fused call (suffix `_g`, as
 * HPy has `_s` and `_i`) does the three in one. It opens no handle, so none can leak, and the hot
 * path does not pay for one. The same binary runs on a runtime that does not know fused calls:
 * there each one calls HPy's own functions, with the same results (hpystate/fallback.h).
 *
 * A call that only reads takes the global by value, one that may store takes its address. If this
 * interpreter stored nothing in the global, each raises SystemError; none crashes. Objects are
 * borrowed for the duration of the call.
 *
 * The list is hpystate/fused.def. How a file gets the runtime's table is in hpystate/fused_link.h.
 */
#pragma once

/* In this order: fallback.h has HPy's own calls, for other contexts. */
/* clang-format off */
#include "hpystate/fallback.h"
#include "hpystate/inline_forms.h"
/* clang-format on */

#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Calls through the table if the context is a plain one, which takes one comparison; otherwise
 * calls the function in fallback.h, out of line. */
#define HPYSTATE_FUSED_CALL(name, args)                                                            \
    const struct hpystate_fused_table* const table = hpystate_plain_table();                       \
    if (__builtin_expect(ctx->_private == (const void*)table, 1)) return table->name args;         \
    return hpystate_other_##name args

/** Checks whether an object is an instance of the type that a global holds. No handle is opened.
 *
 *  ctx      the caller's context
 *  obj      the object, borrowed
 *  type     a global that holds a type, by value
 *  returns  1 where `obj` is an instance of the type or of a subtype, else 0
 *  raises   TypeError if the global holds an object that is not a type; SystemError if this
 *           interpreter stored nothing in `type`. The result is 0 then: call HPyErr_Occurred if
 *           that can happen
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_TypeCheck of HPy 0.9
 */
static inline int HPy_TypeCheck_g(HPyContext* ctx, HPy obj, HPyGlobal type) {
    if (hpystate_is_known(ctx)) {
        const HPy held = hpystate_peek(ctx, type);
        if (held._i != 0) return hpystate_TypeCheck_known(ctx, obj, held);
    }
    HPYSTATE_FUSED_CALL(HPy_TypeCheck_g, (ctx, obj, type));
}

/** Checks whether an object is the one that a global holds.
 *
 *  ctx      the caller's context
 *  obj      the object, borrowed
 *  other    a global, by value
 *  returns  1 where `obj` is the very object that the global holds, else 0
 *  raises   SystemError if this interpreter stored nothing in `other`; 0 is returned then
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_Is of HPy 0.9
 */
static inline int HPy_Is_g(HPyContext* ctx, HPy obj, HPyGlobal other) {
    if (hpystate_is_known(ctx)) {
        const HPy held = hpystate_peek(ctx, other);
        if (held._i != 0) return obj._i == held._i;
    }
    HPYSTATE_FUSED_CALL(HPy_Is_g, (ctx, obj, other));
}

/** Makes an instance of the type that a global holds, without calling its tp_new or tp_init.
 * HPy_New_g() is the same for a pointer to a pointer of any type.
 *
 *  ctx      the caller's context
 *  type     a global that holds a type, by value
 *  data     gets the address of the instance's struct, which is all zero; NULL on failure
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError; TypeError if the global holds an object that is not a type; SystemError if
 *           this interpreter stored nothing in `type`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_New of HPy 0.9
 */
static inline HPy _HPy_New_g(HPyContext* ctx, HPyGlobal type, void** data) {
    HPYSTATE_FUSED_CALL(_HPy_New_g, (ctx, type, data));
}

/** _HPy_New_g() for `data` that points to a pointer of any type. */
#define HPy_New_g(ctx, type, data) (_HPy_New_g((ctx), (type), (void**)(data)))

/** Makes an instance of the type that a global holds, as the tp_new of most types does.
 *
 *  ctx      the caller's context
 *  type     a global that holds a type, by value
 *  args     handles[nargs], borrowed; not looked at
 *  nargs    count of `args`
 *  kw       dict, borrowed, or HPy_NULL; not looked at
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   MemoryError; TypeError if the global holds an object that is not a type; SystemError if
 *           this interpreter stored nothing in `type`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPyType_GenericNew of HPy 0.9
 */
static inline HPy HPyType_GenericNew_g(HPyContext* ctx, HPyGlobal type, const HPy* args,
                                       HPy_ssize_t nargs, HPy kw) {
    HPYSTATE_FUSED_CALL(HPyType_GenericNew_g, (ctx, type, args, nargs, kw));
}

/** Calls the object that the caller's interpreter keeps in a global.
 *
 *  ctx       the caller's context
 *  callable  a global, by value; its object stays alive while it is called, though the call may
 *            store into the global
 *  args      handles[nargs + len(kwnames)], borrowed; positional first, keyword values after
 *            them; NULL where there are none
 *  nargs     how many of `args` are positional; a plain count, without vectorcall flag bits
 *  kwnames   tuple of str, borrowed, or HPy_NULL
 *  returns   new handle, close it; HPy_NULL with an exception set
 *  raises    what the callable raises; SystemError if this interpreter stored nothing in
 *            `callable`
 *  thread    attached to ctx's interpreter
 *  since     fused 1; on a runtime without it, the form in fallback.h
 *  source    argument layout: PEP 590; semantics: HPy_Call of HPy 0.9
 */
static inline HPy HPy_Call_g(HPyContext* ctx, HPyGlobal callable, const HPy* args, size_t nargs,
                             HPy kwnames) {
    HPYSTATE_FUSED_CALL(HPy_Call_g, (ctx, callable, args, nargs, kwnames));
}

/** Calls the object that a global holds with a tuple and a dict.
 *
 *  ctx       the caller's context
 *  callable  a global, by value
 *  args      tuple, borrowed, or HPy_NULL
 *  kw        dict, borrowed, or HPy_NULL
 *  returns   new handle, close it; HPy_NULL with an exception set
 *  raises    what the callable raises; TypeError for other arguments; SystemError if this
 *            interpreter stored nothing in `callable`
 *  thread    attached to ctx's interpreter
 *  since     fused 1; on a runtime without it, the form in fallback.h
 *  source    HPy_CallTupleDict of HPy 0.9
 */
static inline HPy HPy_CallTupleDict_g(HPyContext* ctx, HPyGlobal callable, HPy args, HPy kw) {
    HPYSTATE_FUSED_CALL(HPy_CallTupleDict_g, (ctx, callable, args, kw));
}

/** Calls a method whose name a global holds.
 *
 *  ctx      the caller's context
 *  name     a global that holds the method's name, a str, by value
 *  args     handles[nargs + len(kwnames)], borrowed; args[0] is the object whose method is called
 *  nargs    how many of `args` are positional, the object included: at least 1
 *  kwnames  tuple of str, borrowed, or HPy_NULL
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   what the method raises; AttributeError; SystemError if this interpreter stored
 *           nothing in `name`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_CallMethod of HPy 0.9
 */
static inline HPy HPy_CallMethod_g(HPyContext* ctx, HPyGlobal name, const HPy* args, size_t nargs,
                                   HPy kwnames) {
    HPYSTATE_FUSED_CALL(HPy_CallMethod_g, (ctx, name, args, nargs, kwnames));
}

/** Calls a method whose name is a C string. A str is made of the name for each call: for a hot call
 * keep the name in a global and use HPy_CallMethod_g().
 *
 *  ctx        the caller's context
 *  utf8_name  the method's name, UTF-8, ended by 0
 *  args       handles[nargs + len(kwnames)], borrowed; args[0] is the object whose method is
 *             called
 *  nargs      how many of `args` are positional, the object included: at least 1
 *  kwnames    tuple of str, borrowed, or HPy_NULL
 *  returns    new handle, close it; HPy_NULL with an exception set
 *  raises     what the method raises; AttributeError; UnicodeDecodeError for the name
 *  thread     attached to ctx's interpreter
 *  since      fused 1; on a runtime without it, the form in fallback.h
 *  source     HPy_CallMethod of HPy 0.9, its name as in HPy_GetAttr_s
 */
static inline HPy HPy_CallMethod_s(HPyContext* ctx, const char* utf8_name, const HPy* args,
                                   size_t nargs, HPy kwnames) {
    HPYSTATE_FUSED_CALL(HPy_CallMethod_s, (ctx, utf8_name, args, nargs, kwnames));
}

/** Checks whether a type derives from the one that a global holds.
 *
 *  ctx      the caller's context
 *  sub      a type, borrowed
 *  type     a global that holds a type, by value
 *  returns  1 where `sub` is the type or derives from it, else 0
 *  raises   TypeError if one of them is not a type; SystemError if this interpreter stored nothing
 *           in `type`; 0 is returned then
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPyType_IsSubtype of HPy 0.9
 */
static inline int HPyType_IsSubtype_g(HPyContext* ctx, HPy sub, HPyGlobal type) {
    HPYSTATE_FUSED_CALL(HPyType_IsSubtype_g, (ctx, sub, type));
}

/** Returns the C struct of the object that a global holds.
 *
 *  ctx      the caller's context
 *  value    a global that holds an instance of a type made by HPy, by value
 *  shape    the builtin shape of that type
 *  returns  the instance's struct, borrowed: valid until the global is stored to; NULL with an
 *           exception set
 *  raises   SystemError if this interpreter stored nothing in `value`; an object of another shape
 *           is detected only in debug mode
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   _HPy_AsStruct_Object and its like of HPy 0.9
 */
static inline void* HPy_AsStruct_g(HPyContext* ctx, HPyGlobal value, HPyType_BuiltinShape shape) {
    HPYSTATE_FUSED_CALL(HPy_AsStruct_g, (ctx, value, shape));
}

/** Raises the exception whose type a global holds, with a message.
 *
 *  ctx           the caller's context
 *  type          a global that holds an exception type, by value
 *  utf8_message  UTF-8, ended by 0; copied
 *  returns       HPy_NULL, always
 *  raises        the exception; SystemError if this interpreter stored nothing in `type`
 *  thread        attached to ctx's interpreter
 *  since         fused 1; on a runtime without it, the form in fallback.h
 *  source        HPyErr_SetString of HPy 0.9
 */
static inline HPy HPyErr_SetString_g(HPyContext* ctx, HPyGlobal type, const char* utf8_message) {
    HPYSTATE_FUSED_CALL(HPyErr_SetString_g, (ctx, type, utf8_message));
}

/** Raises the exception whose type a global holds, with a value.
 *
 *  ctx      the caller's context
 *  type     a global that holds an exception type, by value
 *  value    an instance, or the argument for one, borrowed; or HPy_NULL
 *  returns  HPy_NULL, always
 *  raises   the exception; SystemError if this interpreter stored nothing in `type`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPyErr_SetObject of HPy 0.9
 */
static inline HPy HPyErr_SetObject_g(HPyContext* ctx, HPyGlobal type, HPy value) {
    HPYSTATE_FUSED_CALL(HPyErr_SetObject_g, (ctx, type, value));
}

/** Raises the exception whose type a global holds, with a formatted message.
 *
 *  ctx          the caller's context
 *  type         a global that holds an exception type, by value
 *  utf8_format  the format of HPyUnicode_FromFormat, UTF-8; its arguments follow
 *  returns      HPy_NULL, always
 *  raises       the exception; what the format raises; SystemError if this interpreter stored
 *               nothing in `type`
 *  thread       attached to ctx's interpreter
 *  since        fused 1
 *  source       HPyErr_Format of HPy 0.9
 */
static inline HPy HPyErr_Format_g(HPyContext* ctx, HPyGlobal type, const char* utf8_format, ...) {
    va_list arguments;
    HPy message = HPy_NULL;
    va_start(arguments, utf8_format);
    message = HPyUnicode_FromFormatV(ctx, utf8_format, arguments);
    va_end(arguments);
    if (HPy_IsNull(message)) return HPy_NULL;
    HPyErr_SetObject_g(ctx, type, message);
    HPy_Close(ctx, message);
    return HPy_NULL;
}

/** Checks whether the exception that is set is the one that a global holds.
 *
 *  ctx      the caller's context
 *  exc      a global that holds an exception type or a tuple of them, by value
 *  returns  1 where the exception that is set is one of these, else 0
 *  raises   SystemError if this interpreter stored nothing in `exc`, with the exception that was
 *           set as its context; 0 is returned then
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPyErr_ExceptionMatches of HPy 0.9
 */
static inline int HPyErr_ExceptionMatches_g(HPyContext* ctx, HPyGlobal exc) {
    HPYSTATE_FUSED_CALL(HPyErr_ExceptionMatches_g, (ctx, exc));
}

/** Looks a key up in the container that a global holds.
 *
 *  ctx      the caller's context
 *  obj      a global that holds a container, by value
 *  key      borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   what the container raises: KeyError, IndexError, TypeError; SystemError if this
 *           interpreter stored nothing in `obj`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_GetItem of HPy 0.9
 */
static inline HPy HPy_GetItem_g(HPyContext* ctx, HPyGlobal obj, HPy key) {
    HPYSTATE_FUSED_CALL(HPy_GetItem_g, (ctx, obj, key));
}

/** Puts an item into the container that a global holds.
 *
 *  ctx      the caller's context
 *  obj      a global that holds a container, by value
 *  key      borrowed
 *  value    borrowed
 *  returns  0; -1 with an exception set
 *  raises   what the container raises; SystemError if this interpreter stored nothing in `obj`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_SetItem of HPy 0.9
 */
static inline int HPy_SetItem_g(HPyContext* ctx, HPyGlobal obj, HPy key, HPy value) {
    HPYSTATE_FUSED_CALL(HPy_SetItem_g, (ctx, obj, key, value));
}

/** Checks whether the container that a global holds has a key.
 *
 *  ctx        the caller's context
 *  container  a global, by value
 *  key        borrowed
 *  returns    1 or 0; -1 with an exception set
 *  raises     what the container raises; SystemError if this interpreter stored nothing in
 *             `container`
 *  thread     attached to ctx's interpreter
 *  since      fused 1; on a runtime without it, the form in fallback.h
 *  source     HPy_Contains of HPy 0.9
 */
static inline int HPy_Contains_g(HPyContext* ctx, HPyGlobal container, HPy key) {
    HPYSTATE_FUSED_CALL(HPy_Contains_g, (ctx, container, key));
}

/** Gets the attribute whose name a global holds.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  name     a global that holds the attribute's name, a str, by value
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   AttributeError; what a getter raises; SystemError if this interpreter stored nothing
 *           in `name`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   HPy_GetAttr of HPy 0.9
 */
static inline HPy HPy_GetAttr_g(HPyContext* ctx, HPy obj, HPyGlobal name) {
    HPYSTATE_FUSED_CALL(HPy_GetAttr_g, (ctx, obj, name));
}

/** Gets the value of the context variable that a global holds.
 *
 *  ctx            the caller's context
 *  variable       a global that holds a context variable, by value
 *  default_value  what to return if it has no value, borrowed, or HPy_NULL
 *  result         gets a new handle, close it; or HPy_NULL where there is no value at all
 *  returns        0; -1 with an exception set
 *  raises         TypeError if the global holds another object; SystemError if this interpreter
 *                 stored nothing in `variable`
 *  thread         attached to ctx's interpreter
 *  since          fused 1; on a runtime without it, the form in fallback.h
 *  source         HPyContextVar_Get of HPy 0.9; PEP 567
 */
static inline int32_t HPyContextVar_Get_g(HPyContext* ctx, HPyGlobal variable, HPy default_value,
                                          HPy* result) {
    HPYSTATE_FUSED_CALL(HPyContextVar_Get_g, (ctx, variable, default_value, result));
}

/** Returns a borrowed handle to the object that a global holds. If other code may store to the
 * global while you use the handle, call HPyGlobal_Load() instead. Debug mode reports a handle that
 * was used for too long.
 *
 *  ctx      the caller's context
 *  global   by value
 *  returns  borrowed handle, do not close it: valid until the global is stored to in this
 *           interpreter; HPy_NULL with an exception set
 *  raises   SystemError if this interpreter stored nothing in `global`
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   ours; for the places that pass a global's object on
 */
static inline HPy HPyGlobal_Borrow(HPyContext* ctx, HPyGlobal global) {
    HPYSTATE_FUSED_CALL(HPyGlobal_Borrow, (ctx, global));
}

/** Loads a global, and makes its value at the first use in each interpreter. Other threads that
 * call this while the value is made wait, detached from the interpreter; signals are handled during
 * the wait.
 *
 *  ctx      the caller's context
 *  global   its address: it may be stored to
 *  init     makes the value if this interpreter has none: a new handle, which is taken, or HPy_NULL
 *           with an exception set. For one global it never runs twice at the same time in an
 *           interpreter
 *  arg      passed to `init`
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   what `init` raises, and the next caller runs it again; RuntimeError if `init` loads its
 *           own global, or if waiting for another thread's `init` would never end: each loads the
 *           other's global, or the interpreter is ending and that thread was stopped; what the
 *           handler of a signal raises during the wait, such as KeyboardInterrupt; SystemError if
 *           the interpreter's teardown is over, and `init` does not run; MemoryError
 *  thread   attached to ctx's interpreter
 *  since    fused 1; on a runtime without it, the form in fallback.h
 *  source   ours; the lazy caches of real extensions
 */
static inline HPy HPyGlobal_LoadOrInit(HPyContext* ctx, HPyGlobal* global,
                                       HPyGlobal_Initializer init, void* arg) {
    HPYSTATE_FUSED_CALL(HPyGlobal_LoadOrInit, (ctx, global, init, arg));
}

/** Loads a global that holds an imported object, and imports the object at the first use in each
 * interpreter.
 *
 *  ctx             the caller's context
 *  global          its address: it may be stored to
 *  utf8_module     dotted name, UTF-8
 *  utf8_attribute  name of the module's attribute, UTF-8; NULL: the module itself
 *  returns         new handle, close it; HPy_NULL with an exception set
 *  raises          ImportError, AttributeError, what the import raises; as HPyGlobal_LoadOrInit
 *  thread          attached to ctx's interpreter
 *  since           fused 1; on a runtime without it, the form in fallback.h
 *  source          ours; HPyImport_ImportModule and HPy_GetAttr_s of HPy 0.9
 */
static inline HPy HPyGlobal_Import(HPyContext* ctx, HPyGlobal* global, const char* utf8_module,
                                   const char* utf8_attribute) {
    HPYSTATE_FUSED_CALL(HPyGlobal_Import, (ctx, global, utf8_module, utf8_attribute));
}

#ifdef __cplusplus
}
#endif
