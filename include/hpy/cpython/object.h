/* hpy/cpython/object.h: for the CPython ABI: inline forms of what all objects have, calls,
 * exceptions and threads. C11, C++17.
 *
 * Included by hpy/context.h. What an inline form is: hpy/cpython/convert.h. The contracts are in
 * the header of each topic.
 */
#pragma once

#if defined(HPY_ABI_CPYTHON)

#include "hpy/cpython/convert.h"
#include "hpy/layout.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- handles ---- */

static inline HPy hpy_cpy_Dup(HPyContext* ctx, HPy h) {
    (void)ctx;
    return _hpy_cpy_handle(Py_XNewRef(_hpy_cpy_object(h)));
}

static inline void hpy_cpy_Close(HPyContext* ctx, HPy h) {
    (void)ctx;
    Py_XDECREF(_hpy_cpy_object(h));
}

static inline int hpy_cpy_Is(HPyContext* ctx, HPy obj, HPy other) {
    (void)ctx;
    return obj._i == other._i;
}

static inline HPy hpy_cpy_FromPyObject(HPyContext* ctx, cpy_PyObject* object) {
    (void)ctx;
    return _hpy_cpy_handle(Py_XNewRef(object));
}

static inline cpy_PyObject* hpy_cpy_AsPyObject(HPyContext* ctx, HPy h) {
    (void)ctx;
    return Py_XNewRef(_hpy_cpy_object(h));
}

/* ---- types and structs ---- */

static inline HPy hpy_cpy_Type(HPyContext* ctx, HPy obj) {
    if (!_HPY_CPY_GIVEN(obj)) return ctx->ctx_Type(ctx, obj);
    return _hpy_cpy_handle(Py_NewRef((PyObject*)Py_TYPE(_hpy_cpy_object(obj))));
}

/* A miss is the context's: it reads the MRO, which takes less than the C API's function. */
static inline int hpy_cpy_TypeCheck(HPyContext* ctx, HPy obj, HPy type) {
    if (_HPY_CPY_GIVEN(obj) && (intptr_t)Py_TYPE(_hpy_cpy_object(obj)) == type._i) return 1;
    return ctx->ctx_TypeCheck(ctx, obj, type);
}

/* Where an instance's own struct is, behind a builtin type's: runtime/types/shape.h. The runtime
 * checks these offsets against its own before it makes a module of the file
 * (hpystate/cpython_table.h). */
#define _HPY_CPY_BEHIND(LAYOUT)                                                                    \
    ((sizeof(LAYOUT) + _HPY_CPY_STRUCT_ALIGN - 1) / _HPY_CPY_STRUCT_ALIGN * _HPY_CPY_STRUCT_ALIGN)
#define _HPY_CPY_STRUCT(SHAPE_NAME, OFFSET)                                                        \
    static inline void* hpy_cpy_AsStruct_##SHAPE_NAME(HPyContext* ctx, HPy h) {                    \
        (void)ctx;                                                                                 \
        return _HPY_CPY_GIVEN(h) ? (void*)(h._i + (intptr_t)(OFFSET)) : NULL;                      \
    }
_HPY_CPY_STRUCT(Legacy, 0)
_HPY_CPY_STRUCT(Object, _HPY_CPY_BEHIND(PyObject))
_HPY_CPY_STRUCT(Type, _HPY_CPY_BEHIND(PyHeapTypeObject))
_HPY_CPY_STRUCT(Float, _HPY_CPY_BEHIND(PyFloatObject))
_HPY_CPY_STRUCT(Unicode, _HPY_CPY_BEHIND(PyUnicodeObject))
_HPY_CPY_STRUCT(List, _HPY_CPY_BEHIND(PyListObject))
_HPY_CPY_STRUCT(Dict, _HPY_CPY_BEHIND(PyDictObject))

#if !defined(Py_GIL_DISABLED) /* without the GIL a field holds a cell: runtime/types/field.h */

static inline void hpy_cpy_Field_Store(HPyContext* ctx, HPy target_object, HPyField* target_field,
                                       HPy h) {
    PyObject* const old = (PyObject*)target_field->_i;
    if (!_HPY_CPY_GIVEN(target_object)) {
        ctx->ctx_Field_Store(ctx, target_object, target_field, h);
        return;
    }
    Py_XINCREF(_hpy_cpy_object(h));
    target_field->_i = h._i; /* before the old value is released: its destructor may read this */
    Py_XDECREF(old);
}

static inline HPy hpy_cpy_Field_Load(HPyContext* ctx, HPy source_object, HPyField source_field) {
    if (!_HPY_CPY_GIVEN(source_object))
        return ctx->ctx_Field_Load(ctx, source_object, source_field);
    return _hpy_cpy_handle(Py_XNewRef((PyObject*)source_field._i));
}

#define _HPY_CPY_Field_Store ~, hpy_cpy_Field_Store
#define _HPY_CPY_Field_Load ~, hpy_cpy_Field_Load

#endif

/* ---- attributes and items ---- */

_HPY_CPY_2(HPy, GetAttr, PyObject_GetAttr, _hpy_cpy_handle)
_HPY_CPY_2(HPy, GetItem, PyObject_GetItem, _hpy_cpy_handle)
_HPY_CPY_2(int, Contains, PySequence_Contains, )
_HPY_CPY_2(int, DelItem, PyObject_DelItem, )

/* Most are dicts. */
static inline int _hpy_cpy_set_item(PyObject* obj, PyObject* key, PyObject* value) {
    return PyDict_CheckExact(obj) ? PyDict_SetItem(obj, key, value)
                                  : PyObject_SetItem(obj, key, value);
}
_HPY_CPY_3(int, SetItem, _hpy_cpy_set_item, )

/* Most are tuples and lists. */
static inline HPy_ssize_t _hpy_cpy_length(PyObject* obj) {
    if (PyTuple_CheckExact(obj)) return PyTuple_GET_SIZE(obj);
    if (PyList_CheckExact(obj)) return PyList_GET_SIZE(obj); /* atomic without the GIL */
    return PyObject_Length(obj);
}
_HPY_CPY_1(HPy_ssize_t, Length, _hpy_cpy_length, )

static inline HPy hpy_cpy_GetAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name) {
    if (!_HPY_CPY_GIVEN(obj) || utf8_name == NULL) return ctx->ctx_GetAttr_s(ctx, obj, utf8_name);
    return _hpy_cpy_handle(PyObject_GetAttrString(_hpy_cpy_object(obj), utf8_name));
}

/* A value of HPy_NULL deletes the attribute. */
static inline int hpy_cpy_SetAttr(HPyContext* ctx, HPy obj, HPy name, HPy value) {
    if (!_HPY_CPY_GIVEN(obj) || !_HPY_CPY_GIVEN(name)) {
        return ctx->ctx_SetAttr(ctx, obj, name, value);
    }
    return PyObject_SetAttr(_hpy_cpy_object(obj), _hpy_cpy_object(name), _hpy_cpy_object(value));
}

static inline int hpy_cpy_SetAttr_s(HPyContext* ctx, HPy obj, const char* utf8_name, HPy value) {
    if (!_HPY_CPY_GIVEN(obj) || utf8_name == NULL) {
        return ctx->ctx_SetAttr_s(ctx, obj, utf8_name, value);
    }
    return PyObject_SetAttrString(_hpy_cpy_object(obj), utf8_name, _hpy_cpy_object(value));
}

/* A tuple never changes, and with the GIL no other thread changes a list meanwhile. */
static inline HPy hpy_cpy_GetItem_i(HPyContext* ctx, HPy obj, HPy_ssize_t index) {
    PyObject* const object = _hpy_cpy_object(obj);
    if (!_HPY_CPY_GIVEN(obj)) return ctx->ctx_GetItem_i(ctx, obj, index);
#if !defined(Py_GIL_DISABLED)
    if (PyList_CheckExact(object) && (size_t)index < (size_t)PyList_GET_SIZE(object)) {
        return _hpy_cpy_handle(Py_NewRef(PyList_GET_ITEM(object, index)));
    }
#endif
    if (PyTuple_CheckExact(object) && (size_t)index < (size_t)PyTuple_GET_SIZE(object)) {
        return _hpy_cpy_handle(Py_NewRef(PyTuple_GET_ITEM(object, index)));
    }
    return ctx->ctx_GetItem_i(ctx, obj, index);
}

static inline HPy hpy_cpy_GetSlice(HPyContext* ctx, HPy obj, HPy_ssize_t start, HPy_ssize_t end) {
    if (!_HPY_CPY_GIVEN(obj)) return ctx->ctx_GetSlice(ctx, obj, start, end);
    return _hpy_cpy_handle(PySequence_GetSlice(_hpy_cpy_object(obj), start, end));
}

_HPY_CPY_1(HPy, GetIter, PyObject_GetIter, _hpy_cpy_handle)
_HPY_CPY_1(int, Iter_Check, PyIter_Check, )

static inline HPy hpy_cpy_Iter_Next(HPyContext* ctx, HPy obj) {
    if (!_HPY_CPY_GIVEN(obj) || !PyIter_Check(_hpy_cpy_object(obj))) {
        return ctx->ctx_Iter_Next(ctx, obj);
    }
    return _hpy_cpy_handle(PyIter_Next(_hpy_cpy_object(obj)));
}

/* ---- text, comparison, truth ---- */

_HPY_CPY_1(int, IsTrue, PyObject_IsTrue, )
_HPY_CPY_1(HPy_hash_t, Hash, PyObject_Hash, )
_HPY_CPY_1(HPy, Repr, PyObject_Repr, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Str, PyObject_Str, _hpy_cpy_handle)
_HPY_CPY_1(HPy, ASCII, PyObject_ASCII, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Bytes, PyObject_Bytes, _hpy_cpy_handle)

static inline HPy hpy_cpy_RichCompare(HPyContext* ctx, HPy v, HPy w, int op) {
    if (!_HPY_CPY_GIVEN(v) || !_HPY_CPY_GIVEN(w) || op < Py_LT || op > Py_GE) {
        return ctx->ctx_RichCompare(ctx, v, w, op);
    }
    return _hpy_cpy_handle(PyObject_RichCompare(_hpy_cpy_object(v), _hpy_cpy_object(w), op));
}

static inline int hpy_cpy_RichCompareBool(HPyContext* ctx, HPy v, HPy w, int op) {
    if (!_HPY_CPY_GIVEN(v) || !_HPY_CPY_GIVEN(w) || op < Py_LT || op > Py_GE) {
        return ctx->ctx_RichCompareBool(ctx, v, w, op);
    }
    return PyObject_RichCompareBool(_hpy_cpy_object(v), _hpy_cpy_object(w), op);
}

/* ---- calls ---- */

static inline int hpy_cpy_Callable_Check(HPyContext* ctx, HPy h) {
    (void)ctx;
    return PyCallable_Check(_hpy_cpy_object(h)); /* of HPy_NULL: 0 */
}

/* Whether all of them are given. Mostly the count is a constant of the caller's. */
static inline bool _hpy_cpy_all_given(const HPy* args, size_t count) {
    size_t i;
    if (count != 0 && args == NULL) return false;
    for (i = 0; i < count; i++) {
        if (!_HPY_CPY_GIVEN(args[i])) return false;
    }
    return true;
}

static inline HPy hpy_cpy_Call(HPyContext* ctx, HPy callable, const HPy* args, size_t nargs,
                               HPy kwnames) {
    if (kwnames._i != 0 || !_HPY_CPY_GIVEN(callable) || !_hpy_cpy_all_given(args, nargs)) {
        return ctx->ctx_Call(ctx, callable, args, nargs, kwnames);
    }
    return _hpy_cpy_handle(
        PyObject_Vectorcall(_hpy_cpy_object(callable), (PyObject* const*)args, nargs, NULL));
}

static inline HPy hpy_cpy_CallMethod(HPyContext* ctx, HPy name, const HPy* args, size_t nargs,
                                     HPy kwnames) {
    if (kwnames._i != 0 || nargs == 0 || !_HPY_CPY_GIVEN(name) ||
        !_hpy_cpy_all_given(args, nargs)) {
        return ctx->ctx_CallMethod(ctx, name, args, nargs, kwnames);
    }
    return _hpy_cpy_handle(
        PyObject_VectorcallMethod(_hpy_cpy_object(name), (PyObject* const*)args, nargs, NULL));
}

static inline HPy hpy_cpy_CallTupleDict(HPyContext* ctx, HPy callable, HPy args, HPy kw) {
    if (!_HPY_CPY_GIVEN(callable) || args._i == 0 || !PyTuple_Check(_hpy_cpy_object(args)) ||
        (kw._i != 0 && !PyDict_Check(_hpy_cpy_object(kw)))) {
        return ctx->ctx_CallTupleDict(ctx, callable, args, kw);
    }
    return _hpy_cpy_handle(
        PyObject_Call(_hpy_cpy_object(callable), _hpy_cpy_object(args), _hpy_cpy_object(kw)));
}

/* ---- exceptions ---- */

static inline void hpy_cpy_Err_SetString(HPyContext* ctx, HPy type, const char* utf8_message) {
    if (!_HPY_CPY_GIVEN(type) || utf8_message == NULL) {
        ctx->ctx_Err_SetString(ctx, type, utf8_message);
        return;
    }
    PyErr_SetString(_hpy_cpy_object(type), utf8_message);
}

static inline void hpy_cpy_Err_SetObject(HPyContext* ctx, HPy type, HPy value) {
    if (!_HPY_CPY_GIVEN(type)) {
        ctx->ctx_Err_SetObject(ctx, type, value);
        return;
    }
    PyErr_SetObject(_hpy_cpy_object(type), _hpy_cpy_object(value));
}

static inline int hpy_cpy_Err_Occurred(HPyContext* ctx) {
    (void)ctx;
    return PyErr_Occurred() != NULL;
}

/* CPython reads the type of the exception that is set, so there must be one. */
static inline int hpy_cpy_Err_ExceptionMatches(HPyContext* ctx, HPy exc) {
    (void)ctx;
    return PyErr_Occurred() != NULL ? PyErr_ExceptionMatches(_hpy_cpy_object(exc)) : 0;
}

static inline void hpy_cpy_Err_NoMemory(HPyContext* ctx) {
    (void)ctx;
    PyErr_NoMemory();
}

static inline void hpy_cpy_Err_Clear(HPyContext* ctx) {
    (void)ctx;
    PyErr_Clear();
}

/* ---- threads ---- */

static inline HPyThreadState hpy_cpy_LeavePythonExecution(HPyContext* ctx) {
    (void)ctx;
    return _htsconv((intptr_t)PyEval_SaveThread());
}

static inline void hpy_cpy_ReenterPythonExecution(HPyContext* ctx, HPyThreadState state) {
    (void)ctx;
    PyEval_RestoreThread((PyThreadState*)state._i);
}

/* ---- the inline forms of this file ---- */

#define _HPY_CPY_Dup ~, hpy_cpy_Dup
#define _HPY_CPY_Close ~, hpy_cpy_Close
#define _HPY_CPY_Is ~, hpy_cpy_Is
#define _HPY_CPY_FromPyObject ~, hpy_cpy_FromPyObject
#define _HPY_CPY_AsPyObject ~, hpy_cpy_AsPyObject
#define _HPY_CPY_Type ~, hpy_cpy_Type
#define _HPY_CPY_TypeCheck ~, hpy_cpy_TypeCheck
#define _HPY_CPY_AsStruct_Legacy ~, hpy_cpy_AsStruct_Legacy
#define _HPY_CPY_AsStruct_Object ~, hpy_cpy_AsStruct_Object
#define _HPY_CPY_AsStruct_Type ~, hpy_cpy_AsStruct_Type
#define _HPY_CPY_AsStruct_Float ~, hpy_cpy_AsStruct_Float
#define _HPY_CPY_AsStruct_Unicode ~, hpy_cpy_AsStruct_Unicode
#define _HPY_CPY_AsStruct_List ~, hpy_cpy_AsStruct_List
#define _HPY_CPY_AsStruct_Dict ~, hpy_cpy_AsStruct_Dict
#define _HPY_CPY_GetAttr ~, hpy_cpy_GetAttr
#define _HPY_CPY_GetItem ~, hpy_cpy_GetItem
#define _HPY_CPY_Contains ~, hpy_cpy_Contains
#define _HPY_CPY_DelItem ~, hpy_cpy_DelItem
#define _HPY_CPY_SetItem ~, hpy_cpy_SetItem
#define _HPY_CPY_Length ~, hpy_cpy_Length
#define _HPY_CPY_GetAttr_s ~, hpy_cpy_GetAttr_s
#define _HPY_CPY_SetAttr ~, hpy_cpy_SetAttr
#define _HPY_CPY_SetAttr_s ~, hpy_cpy_SetAttr_s
#define _HPY_CPY_GetItem_i ~, hpy_cpy_GetItem_i
#define _HPY_CPY_GetSlice ~, hpy_cpy_GetSlice
#define _HPY_CPY_GetIter ~, hpy_cpy_GetIter
#define _HPY_CPY_Iter_Check ~, hpy_cpy_Iter_Check
#define _HPY_CPY_Iter_Next ~, hpy_cpy_Iter_Next
#define _HPY_CPY_IsTrue ~, hpy_cpy_IsTrue
#define _HPY_CPY_Hash ~, hpy_cpy_Hash
#define _HPY_CPY_Repr ~, hpy_cpy_Repr
#define _HPY_CPY_Str ~, hpy_cpy_Str
#define _HPY_CPY_ASCII ~, hpy_cpy_ASCII
#define _HPY_CPY_Bytes ~, hpy_cpy_Bytes
#define _HPY_CPY_RichCompare ~, hpy_cpy_RichCompare
#define _HPY_CPY_RichCompareBool ~, hpy_cpy_RichCompareBool
#define _HPY_CPY_Callable_Check ~, hpy_cpy_Callable_Check
#define _HPY_CPY_Call ~, hpy_cpy_Call
#define _HPY_CPY_CallMethod ~, hpy_cpy_CallMethod
#define _HPY_CPY_CallTupleDict ~, hpy_cpy_CallTupleDict
#define _HPY_CPY_Err_SetString ~, hpy_cpy_Err_SetString
#define _HPY_CPY_Err_SetObject ~, hpy_cpy_Err_SetObject
#define _HPY_CPY_Err_Occurred ~, hpy_cpy_Err_Occurred
#define _HPY_CPY_Err_ExceptionMatches ~, hpy_cpy_Err_ExceptionMatches
#define _HPY_CPY_Err_NoMemory ~, hpy_cpy_Err_NoMemory
#define _HPY_CPY_Err_Clear ~, hpy_cpy_Err_Clear
#define _HPY_CPY_LeavePythonExecution ~, hpy_cpy_LeavePythonExecution
#define _HPY_CPY_ReenterPythonExecution ~, hpy_cpy_ReenterPythonExecution

#ifdef __cplusplus
}
#endif

#endif /* HPY_ABI_CPYTHON */
