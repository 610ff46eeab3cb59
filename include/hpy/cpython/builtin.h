/* hpy/cpython/builtin.h: for the CPython ABI: inline forms of str, bytes, dict, list, tuple and
 * builders. C11, C++17.
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

/* ---- str ---- */

_HPY_CPY_1(HPy, Unicode_AsASCIIString, PyUnicode_AsASCIIString, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Unicode_AsLatin1String, PyUnicode_AsLatin1String, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Unicode_AsUTF8String, PyUnicode_AsUTF8String, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Unicode_EncodeFSDefault, PyUnicode_EncodeFSDefault, _hpy_cpy_handle)
_HPY_CPY_1(int, Unicode_Check, PyUnicode_Check, )

static inline HPy hpy_cpy_Unicode_FromString(HPyContext* ctx, const char* utf8) {
    if (utf8 == NULL) return ctx->ctx_Unicode_FromString(ctx, utf8);
    return _hpy_cpy_handle(PyUnicode_FromString(utf8));
}

static inline const char* hpy_cpy_Unicode_AsUTF8AndSize(HPyContext* ctx, HPy h, HPy_ssize_t* size) {
    if (!_HPY_CPY_GIVEN(h)) return ctx->ctx_Unicode_AsUTF8AndSize(ctx, h, size);
    return PyUnicode_AsUTF8AndSize(_hpy_cpy_object(h), size);
}

static inline HPy_UCS4 hpy_cpy_Unicode_ReadChar(HPyContext* ctx, HPy h, HPy_ssize_t index) {
    if (!_HPY_CPY_GIVEN(h)) return ctx->ctx_Unicode_ReadChar(ctx, h, index);
    return PyUnicode_ReadChar(_hpy_cpy_object(h), index);
}

static inline HPy hpy_cpy_Unicode_Substring(HPyContext* ctx, HPy str, HPy_ssize_t start,
                                            HPy_ssize_t end) {
    if (!_HPY_CPY_GIVEN(str) || !PyUnicode_Check(_hpy_cpy_object(str))) {
        return ctx->ctx_Unicode_Substring(ctx, str, start, end);
    }
    return _hpy_cpy_handle(PyUnicode_Substring(_hpy_cpy_object(str), start, end));
}

/* ---- bytes ---- */

_HPY_CPY_1(int, Bytes_Check, PyBytes_Check, )
_HPY_CPY_1(HPy_ssize_t, Bytes_Size, PyBytes_Size, )
_HPY_CPY_1(HPy_ssize_t, Bytes_GET_SIZE, PyBytes_GET_SIZE, )
_HPY_CPY_1(const char*, Bytes_AsString, PyBytes_AsString, )
_HPY_CPY_1(const char*, Bytes_AS_STRING, PyBytes_AS_STRING, )

static inline HPy hpy_cpy_Bytes_FromString(HPyContext* ctx, const char* bytes) {
    if (bytes == NULL) return ctx->ctx_Bytes_FromString(ctx, bytes);
    return _hpy_cpy_handle(PyBytes_FromString(bytes));
}

static inline HPy hpy_cpy_Bytes_FromStringAndSize(HPyContext* ctx, const char* bytes,
                                                  HPy_ssize_t len) {
    if (bytes == NULL || len < 0) return ctx->ctx_Bytes_FromStringAndSize(ctx, bytes, len);
    return _hpy_cpy_handle(PyBytes_FromStringAndSize(bytes, len));
}

/* ---- dict ---- */

_HPY_CPY_1(int, Dict_Check, PyDict_Check, )
_HPY_CPY_1(HPy, Dict_Keys, PyDict_Keys, _hpy_cpy_handle)
_HPY_CPY_1(HPy, Dict_Copy, PyDict_Copy, _hpy_cpy_handle)

static inline HPy hpy_cpy_Dict_New(HPyContext* ctx) {
    (void)ctx;
    return _hpy_cpy_handle(PyDict_New());
}

/* ---- list ---- */

_HPY_CPY_1(int, List_Check, PyList_Check, )

static inline int _hpy_cpy_append(PyObject* list, PyObject* item) {
#if !defined(Py_GIL_DISABLED)
    if (PyList_CheckExact(list)) {
        PyListObject* const words = (PyListObject*)list;
        const Py_ssize_t length = PyList_GET_SIZE(list);
        /* While a list is sorted, it has no items, and room for -1. */
        if (length < words->allocated) {
            words->ob_item[length] = Py_NewRef(item);
            Py_SET_SIZE((PyVarObject*)list, length + 1);
            return 0;
        }
    }
#endif
    return PyList_Append(list, item);
}
_HPY_CPY_2(int, List_Append, _hpy_cpy_append, )

static inline HPy hpy_cpy_List_New(HPyContext* ctx, HPy_ssize_t len) {
    if (len != 0) return ctx->ctx_List_New(ctx, len); /* which fills it with None */
    return _hpy_cpy_handle(PyList_New(0));
}

static inline int hpy_cpy_List_Insert(HPyContext* ctx, HPy list, HPy_ssize_t index, HPy item) {
    if (!_HPY_CPY_GIVEN(list) || !_HPY_CPY_GIVEN(item)) {
        return ctx->ctx_List_Insert(ctx, list, index, item);
    }
    return PyList_Insert(_hpy_cpy_object(list), index, _hpy_cpy_object(item));
}

/* ---- tuple ---- */

_HPY_CPY_1(int, Tuple_Check, PyTuple_Check, )

static inline HPy hpy_cpy_Tuple_FromArray(HPyContext* ctx, HPy* items, HPy_ssize_t n) {
    PyObject* tuple;
    HPy_ssize_t i;
    if (n < 0 || (n != 0 && items == NULL)) return ctx->ctx_Tuple_FromArray(ctx, items, n);
    for (i = 0; i < n; i++) {
        if (!_HPY_CPY_GIVEN(items[i])) return ctx->ctx_Tuple_FromArray(ctx, items, n);
    }
    tuple = PyTuple_New(n);
    if (tuple == NULL) return HPy_NULL;
    for (i = 0; i < n; i++) {
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(_hpy_cpy_object(items[i])));
    }
    return _hpy_cpy_handle(tuple);
}

/* ---- builders: the object under construction, or a number that is the reason why there is none
 * (runtime/context/builder.cpp). What is not the usual case is the context's ---- */

/* Whether a builder holds an object: 0 and 1 are reasons. */
#define _HPY_CPY_BUILDS(word) ((word) != 0 && (word) != 1)

static inline HPyTupleBuilder hpy_cpy_TupleBuilder_New(HPyContext* ctx, HPy_ssize_t size) {
    HPyTupleBuilder builder = {0};
    if (size < 0) return ctx->ctx_TupleBuilder_New(ctx, size);
    builder._tup = (intptr_t)PyTuple_New(size);
    if (builder._tup == 0) PyErr_Clear(); /* HPyTupleBuilder_Build raises it again */
    return builder;
}

static inline void hpy_cpy_TupleBuilder_Set(HPyContext* ctx, HPyTupleBuilder builder,
                                            HPy_ssize_t index, HPy item) {
    PyObject* const tuple = (PyObject*)builder._tup;
    if (_HPY_CPY_BUILDS(builder._tup) && (size_t)index < (size_t)PyTuple_GET_SIZE(tuple) &&
        PyTuple_GET_ITEM(tuple, index) == NULL) {
        PyTuple_SET_ITEM(tuple, index, Py_XNewRef(_hpy_cpy_object(item)));
        return;
    }
    ctx->ctx_TupleBuilder_Set(ctx, builder, index, item);
}

#if !defined(Py_GIL_DISABLED) /* without it another thread may have found the list: the collector  \
                               */

static inline void hpy_cpy_ListBuilder_Set(HPyContext* ctx, HPyListBuilder builder,
                                           HPy_ssize_t index, HPy item) {
    PyObject* const list = (PyObject*)builder._lst;
    if (_HPY_CPY_BUILDS(builder._lst) && (size_t)index < (size_t)PyList_GET_SIZE(list) &&
        PyList_GET_ITEM(list, index) == NULL) {
        PyList_SET_ITEM(list, index, Py_XNewRef(_hpy_cpy_object(item)));
        return;
    }
    ctx->ctx_ListBuilder_Set(ctx, builder, index, item);
}

static inline HPyListBuilder hpy_cpy_ListBuilder_New(HPyContext* ctx, HPy_ssize_t size) {
    HPyListBuilder builder = {0};
    if (size < 0) return ctx->ctx_ListBuilder_New(ctx, size);
    builder._lst = (intptr_t)PyList_New(size);
    if (builder._lst == 0) PyErr_Clear(); /* HPyListBuilder_Build raises it again */
    return builder;
}

#define _HPY_CPY_ListBuilder_Set ~, hpy_cpy_ListBuilder_Set
#define _HPY_CPY_ListBuilder_New ~, hpy_cpy_ListBuilder_New

#endif

/* ---- the inline forms of this file ---- */

#define _HPY_CPY_Unicode_AsASCIIString ~, hpy_cpy_Unicode_AsASCIIString
#define _HPY_CPY_Unicode_AsLatin1String ~, hpy_cpy_Unicode_AsLatin1String
#define _HPY_CPY_Unicode_AsUTF8String ~, hpy_cpy_Unicode_AsUTF8String
#define _HPY_CPY_Unicode_EncodeFSDefault ~, hpy_cpy_Unicode_EncodeFSDefault
#define _HPY_CPY_Unicode_Check ~, hpy_cpy_Unicode_Check
#define _HPY_CPY_Unicode_FromString ~, hpy_cpy_Unicode_FromString
#define _HPY_CPY_Unicode_AsUTF8AndSize ~, hpy_cpy_Unicode_AsUTF8AndSize
#define _HPY_CPY_Unicode_ReadChar ~, hpy_cpy_Unicode_ReadChar
#define _HPY_CPY_Unicode_Substring ~, hpy_cpy_Unicode_Substring
#define _HPY_CPY_Bytes_Check ~, hpy_cpy_Bytes_Check
#define _HPY_CPY_Bytes_Size ~, hpy_cpy_Bytes_Size
#define _HPY_CPY_Bytes_GET_SIZE ~, hpy_cpy_Bytes_GET_SIZE
#define _HPY_CPY_Bytes_AsString ~, hpy_cpy_Bytes_AsString
#define _HPY_CPY_Bytes_AS_STRING ~, hpy_cpy_Bytes_AS_STRING
#define _HPY_CPY_Bytes_FromString ~, hpy_cpy_Bytes_FromString
#define _HPY_CPY_Bytes_FromStringAndSize ~, hpy_cpy_Bytes_FromStringAndSize
#define _HPY_CPY_Dict_Check ~, hpy_cpy_Dict_Check
#define _HPY_CPY_Dict_Keys ~, hpy_cpy_Dict_Keys
#define _HPY_CPY_Dict_Copy ~, hpy_cpy_Dict_Copy
#define _HPY_CPY_Dict_New ~, hpy_cpy_Dict_New
#define _HPY_CPY_List_Check ~, hpy_cpy_List_Check
#define _HPY_CPY_List_Append ~, hpy_cpy_List_Append
#define _HPY_CPY_List_New ~, hpy_cpy_List_New
#define _HPY_CPY_List_Insert ~, hpy_cpy_List_Insert
#define _HPY_CPY_Tuple_Check ~, hpy_cpy_Tuple_Check
#define _HPY_CPY_Tuple_FromArray ~, hpy_cpy_Tuple_FromArray
#define _HPY_CPY_TupleBuilder_New ~, hpy_cpy_TupleBuilder_New
#define _HPY_CPY_TupleBuilder_Set ~, hpy_cpy_TupleBuilder_Set

#ifdef __cplusplus
}
#endif

#endif /* HPY_ABI_CPYTHON */
