/* hpy/object.h: what every object has: attributes, items, text, comparison. C11, C++17.
 *
 * Long: a contract for each function of one topic.
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

/* ---- references ---- */

/** Opens a second handle to an object.
 *
 *  ctx      the caller's context
 *  h        borrowed; or HPy_NULL
 *  returns  new handle, close it; HPy_NULL for HPy_NULL
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   Py_XNewRef of the C API
 */
static inline HPy HPy_Dup(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Dup)(ctx, h);
}

/** Closes a handle. If it was the object's last reference, its finalizer runs before this returns;
 * an exception that is set stays set.
 *
 *  ctx      the caller's context
 *  h        taken; HPy_NULL does nothing
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   Py_XDECREF of the C API
 */
static inline void HPy_Close(HPyContext* ctx, HPy h) {
    HPY_FUNCTION(ctx, Close)(ctx, h);
}

/** Tells whether two handles belong to one object: `obj is other`. Two handles to one object may
 * differ as C values, so do not compare those.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  other    borrowed
 *  returns  1 or 0; HPy_NULL equals HPy_NULL, but no object
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   Py_Is of the C API
 */
static inline int HPy_Is(HPyContext* ctx, HPy obj, HPy other) {
    return HPY_FUNCTION(ctx, Is)(ctx, obj, other);
}

/** Prints a handle and the repr of its object to stderr, for debugging.
 * An exception that is set stays as it is; one that the repr raises is named in the output and
 * dropped.
 *
 *  ctx      the caller's context
 *  h        borrowed; or HPy_NULL
 *  returns  nothing
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Print of the C API
 */
static inline void _HPy_Dump(HPyContext* ctx, HPy h) {
    HPY_FUNCTION(ctx, Dump)(ctx, h);
}

/* ---- type and truth ---- */

/** Returns the type of an object: `type(obj)`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Type of the C API
 */
static inline HPy HPy_Type(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Type)(ctx, obj);
}

/** Tells whether the type of an object is `type` or derives from it. Only the type's bases count:
 * `__instancecheck__` and `__class__` are not used.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  type     a type, borrowed
 *  returns  1 or 0; 0 with an exception set
 *  raises   TypeError if `type` is not a type
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_TypeCheck of the C API
 */
static inline int HPy_TypeCheck(HPyContext* ctx, HPy obj, HPy type) {
    return HPY_FUNCTION(ctx, TypeCheck)(ctx, obj, type);
}

/** Tells whether an object counts as true: `bool(h)`.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  1 or 0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_IsTrue of the C API
 */
static inline int HPy_IsTrue(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, IsTrue)(ctx, h);
}

/* ---- attributes ---- */

/** Reads an attribute: `obj.name`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  name     str, borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; AttributeError where there is none
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetAttr of the C API
 */
static inline HPy HPy_GetAttr(HPyContext* ctx, HPy obj, HPy name) {
    return HPY_FUNCTION(ctx, GetAttr)(ctx, obj, name);
}

/** Reads an attribute whose name is a C string: `obj.name`.
 *
 *  ctx        the caller's context
 *  obj        borrowed
 *  utf8_name  UTF-8, ended by a zero byte
 *  returns    new handle, close it; HPy_NULL with an exception set
 *  raises     anything; AttributeError where there is none
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyObject_GetAttrString of the C API
 */
static inline HPy HPy_GetAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name) {
    return HPY_FUNCTION(ctx, GetAttr_s)(ctx, obj, utf8_name);
}

/** Tells whether reading an attribute succeeds. The attribute is read, so its getter runs. Any
 * exception that this raises is dropped, and the result is 0. If you need other exceptions than
 * AttributeError, call HPy_GetAttr.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  name     str, borrowed
 *  returns  1 or 0
 *  raises   nothing
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_HasAttr of the C API
 */
static inline int HPy_HasAttr(HPyContext* ctx, HPy obj, HPy name) {
    return HPY_FUNCTION(ctx, HasAttr)(ctx, obj, name);
}

/** Tells whether reading an attribute succeeds, as HPy_HasAttr does, for a name in a C string.
 *
 *  ctx        the caller's context
 *  obj        borrowed
 *  utf8_name  UTF-8, ended by a zero byte
 *  returns    1 or 0
 *  raises     nothing
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyObject_HasAttrString of the C API
 */
static inline int HPy_HasAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name) {
    return HPY_FUNCTION(ctx, HasAttr_s)(ctx, obj, utf8_name);
}

/** Sets an attribute: `obj.name = value`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  name     str, borrowed
 *  value    borrowed; HPy_NULL deletes the attribute
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_SetAttr of the C API
 */
static inline int HPy_SetAttr(HPyContext* ctx, HPy obj, HPy name, HPy value) {
    return HPY_FUNCTION(ctx, SetAttr)(ctx, obj, name, value);
}

/** Sets an attribute whose name is a C string: `obj.name = value`.
 *
 *  ctx        the caller's context
 *  obj        borrowed
 *  utf8_name  UTF-8, ended by a zero byte
 *  value      borrowed; HPy_NULL deletes the attribute
 *  returns    0; -1 with an exception set
 *  raises     anything
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyObject_SetAttrString of the C API
 */
static inline int HPy_SetAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name, HPy value) {
    return HPY_FUNCTION(ctx, SetAttr_s)(ctx, obj, utf8_name, value);
}

/** Deletes an attribute: `del obj.name`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  name     str, borrowed
 *  returns  0; -1 with an exception set
 *  raises   anything; AttributeError where there is none
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_DelAttr of the C API; inline, by HPy_SetAttr
 */
static inline int HPy_DelAttr(HPyContext* ctx, HPy obj, HPy name) {
    const HPy nothing = {0};
    return HPy_SetAttr(ctx, obj, name, nothing);
}

/** Deletes an attribute whose name is a C string: `del obj.name`.
 *
 *  ctx        the caller's context
 *  obj        borrowed
 *  utf8_name  UTF-8, ended by a zero byte
 *  returns    0; -1 with an exception set
 *  raises     anything; AttributeError where there is none
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PyObject_DelAttrString of the C API; inline, by HPy_SetAttr_s
 */
static inline int HPy_DelAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name) {
    const HPy nothing = {0};
    return HPy_SetAttr_s(ctx, obj, utf8_name, nothing);
}

/* ---- items ---- */

/** Counts the items of an object: `len(h)`.
 *
 *  ctx      the caller's context
 *  h        borrowed
 *  returns  items; -1 with an exception set
 *  raises   anything; TypeError if it has no length
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Length of the C API
 */
static inline HPy_ssize_t HPy_Length(HPyContext* ctx, HPy h) {
    return HPY_FUNCTION(ctx, Length)(ctx, h);
}

/** Tells whether an object holds another: `key in container`.
 *
 *  ctx        the caller's context
 *  container  borrowed
 *  key        borrowed
 *  returns    1 or 0; -1 with an exception set
 *  raises     anything
 *  thread     attached to ctx's interpreter
 *  since      HPy 0.9
 *  source     PySequence_Contains of the C API
 */
static inline int HPy_Contains(HPyContext* ctx, HPy container, HPy key) {
    return HPY_FUNCTION(ctx, Contains)(ctx, container, key);
}

/** Reads an item: `obj[key]`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  key      borrowed
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetItem of the C API
 */
static inline HPy HPy_GetItem(HPyContext* ctx, HPy obj, HPy key) {
    return HPY_FUNCTION(ctx, GetItem)(ctx, obj, key);
}

/** Reads an item by a C integer: `obj[idx]`. In a mapping the int is the key.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  idx      a negative one counts from the end, where the object is a sequence
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_GetItem of the C API, with an int as the key
 */
static inline HPy HPy_GetItem_i(HPyContext* ctx, HPy obj, HPy_ssize_t idx) {
    return HPY_FUNCTION(ctx, GetItem_i)(ctx, obj, idx);
}

/** Reads an item by a C string: `obj[key]`.
 *
 *  ctx       the caller's context
 *  obj       borrowed
 *  utf8_key  UTF-8, ended by a zero byte; it becomes a str
 *  returns   new handle, close it; HPy_NULL with an exception set
 *  raises    anything
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyObject_GetItem of the C API, with a str as the key
 */
static inline HPy HPy_GetItem_s(HPyContext* ctx, HPy obj, const char* utf8_key) {
    return HPY_FUNCTION(ctx, GetItem_s)(ctx, obj, utf8_key);
}

/** Sets an item: `obj[key] = value`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  key      borrowed
 *  value    borrowed
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_SetItem of the C API
 */
static inline int HPy_SetItem(HPyContext* ctx, HPy obj, HPy key, HPy value) {
    return HPY_FUNCTION(ctx, SetItem)(ctx, obj, key, value);
}

/** Sets an item by a C integer: `obj[idx] = value`. In a mapping the int is the key.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  idx      a negative one counts from the end, where the object is a sequence
 *  value    borrowed
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_SetItem of the C API, with an int as the key
 */
static inline int HPy_SetItem_i(HPyContext* ctx, HPy obj, HPy_ssize_t idx, HPy value) {
    return HPY_FUNCTION(ctx, SetItem_i)(ctx, obj, idx, value);
}

/** Sets an item by a C string: `obj[key] = value`.
 *
 *  ctx       the caller's context
 *  obj       borrowed
 *  utf8_key  UTF-8, ended by a zero byte; it becomes a str
 *  value     borrowed
 *  returns   0; -1 with an exception set
 *  raises    anything
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyObject_SetItem of the C API, with a str as the key
 */
static inline int HPy_SetItem_s(HPyContext* ctx, HPy obj, const char* utf8_key, HPy value) {
    return HPY_FUNCTION(ctx, SetItem_s)(ctx, obj, utf8_key, value);
}

/** Deletes an item: `del obj[key]`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  key      borrowed
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_DelItem of the C API
 */
static inline int HPy_DelItem(HPyContext* ctx, HPy obj, HPy key) {
    return HPY_FUNCTION(ctx, DelItem)(ctx, obj, key);
}

/** Deletes an item by a C integer: `del obj[idx]`. In a mapping the int is the key.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  idx      a negative one counts from the end, where the object is a sequence
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_DelItem of the C API, with an int as the key
 */
static inline int HPy_DelItem_i(HPyContext* ctx, HPy obj, HPy_ssize_t idx) {
    return HPY_FUNCTION(ctx, DelItem_i)(ctx, obj, idx);
}

/** Deletes an item by a C string: `del obj[key]`.
 *
 *  ctx       the caller's context
 *  obj       borrowed
 *  utf8_key  UTF-8, ended by a zero byte; it becomes a str
 *  returns   0; -1 with an exception set
 *  raises    anything
 *  thread    attached to ctx's interpreter
 *  since     HPy 0.9
 *  source    PyObject_DelItem of the C API, with a str as the key
 */
static inline int HPy_DelItem_s(HPyContext* ctx, HPy obj, const char* utf8_key) {
    return HPY_FUNCTION(ctx, DelItem_s)(ctx, obj, utf8_key);
}

/* ---- slices ---- */

/** Reads a slice: `obj[start:end]`.
 *
 *  ctx      the caller's context
 *  obj      a sequence, borrowed
 *  start    index of the first item; a negative one counts from the end
 *  end      index behind the last item; a negative one counts from the end
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PySequence_GetSlice of the C API
 */
static inline HPy HPy_GetSlice(HPyContext* ctx, HPy obj, HPy_ssize_t start, HPy_ssize_t end) {
    return HPY_FUNCTION(ctx, GetSlice)(ctx, obj, start, end);
}

/** Replaces a slice: `obj[start:end] = value`.
 *
 *  ctx      the caller's context
 *  obj      a sequence, borrowed
 *  start    index of the first item; a negative one counts from the end
 *  end      index behind the last item; a negative one counts from the end
 *  value    an iterable, borrowed; HPy_NULL deletes the slice
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PySequence_SetSlice of the C API
 */
static inline int HPy_SetSlice(HPyContext* ctx, HPy obj, HPy_ssize_t start, HPy_ssize_t end,
                               HPy value) {
    return HPY_FUNCTION(ctx, SetSlice)(ctx, obj, start, end, value);
}

/** Deletes a slice: `del obj[start:end]`.
 *
 *  ctx      the caller's context
 *  obj      a sequence, borrowed
 *  start    index of the first item; a negative one counts from the end
 *  end      index behind the last item; a negative one counts from the end
 *  returns  0; -1 with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy master after 0.9.0
 *  source   PySequence_DelSlice of the C API
 */
static inline int HPy_DelSlice(HPyContext* ctx, HPy obj, HPy_ssize_t start, HPy_ssize_t end) {
    return HPY_FUNCTION(ctx, DelSlice)(ctx, obj, start, end);
}

/* ---- text, comparison, hash ---- */

/** Makes the str that shows an object to programmers: `repr(obj)`.
 *
 *  ctx      the caller's context
 *  obj      borrowed; for HPy_NULL the result is "<NULL>"
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Repr of the C API
 */
static inline HPy HPy_Repr(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Repr)(ctx, obj);
}

/** Makes the str that shows an object to users: `str(obj)`.
 *
 *  ctx      the caller's context
 *  obj      borrowed; for HPy_NULL the result is "<NULL>"
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Str of the C API
 */
static inline HPy HPy_Str(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Str)(ctx, obj);
}

/** Makes the repr of an object, with what is not ASCII escaped: `ascii(obj)`.
 *
 *  ctx      the caller's context
 *  obj      borrowed; for HPy_NULL the result is "<NULL>"
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_ASCII of the C API
 */
static inline HPy HPy_ASCII(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, ASCII)(ctx, obj);
}

/** Makes a bytes object from an object: `bytes(obj)`, but an int is refused.
 *
 *  ctx      the caller's context
 *  obj      with `__bytes__` or a buffer, or an iterable of ints; borrowed; for HPy_NULL the result
 *           is b"<NULL>"
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError for an int or a str
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Bytes of the C API
 */
static inline HPy HPy_Bytes(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Bytes)(ctx, obj);
}

/** Compares two objects: `v op w`. The result need not be a bool.
 *
 *  ctx      the caller's context
 *  v        borrowed
 *  w        borrowed
 *  op       HPy_LT, HPy_LE, HPy_EQ, HPy_NE, HPy_GT or HPy_GE
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; SystemError for another `op`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_RichCompare of the C API
 */
static inline HPy HPy_RichCompare(HPyContext* ctx, HPy v, HPy w, int op) {
    return HPY_FUNCTION(ctx, RichCompare)(ctx, v, w, op);
}

/** Compares two objects and tells whether the result counts as true. Here an object is equal to
 * itself without a call of its `__eq__`, also a NaN.
 *
 *  ctx      the caller's context
 *  v        borrowed
 *  w        borrowed
 *  op       HPy_LT, HPy_LE, HPy_EQ, HPy_NE, HPy_GT or HPy_GE
 *  returns  1 or 0; -1 with an exception set
 *  raises   anything; SystemError for another `op`
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_RichCompareBool of the C API
 */
static inline int HPy_RichCompareBool(HPyContext* ctx, HPy v, HPy w, int op) {
    return HPY_FUNCTION(ctx, RichCompareBool)(ctx, v, w, op);
}

/** Returns the hash of an object: `hash(obj)`.
 *
 *  ctx      the caller's context
 *  obj      borrowed
 *  returns  the hash, never -1; -1 with an exception set
 *  raises   anything; TypeError if it has none
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyObject_Hash of the C API
 */
static inline HPy_hash_t HPy_Hash(HPyContext* ctx, HPy obj) {
    return HPY_FUNCTION(ctx, Hash)(ctx, obj);
}

#ifdef __cplusplus
}
#endif
