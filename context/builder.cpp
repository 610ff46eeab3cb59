/// context/builder.cpp: list and tuple builders: the object under construction, behind a handle.
///
/// A builder owns an object that nobody else has seen. Where there was no memory for it the builder
/// is null: Set and Cancel do nothing then, and Build raises.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"

#include <cstdint>

namespace hpystate::context {

namespace {

PyObject* object_of(std::intptr_t word) noexcept {
    return reinterpret_cast<PyObject*>(word);
}
std::intptr_t word_of(PyObject* object) noexcept {
    return reinterpret_cast<std::intptr_t>(object);
}

/// What Build gives; the exception of a builder that could not be made may be gone by now.
HPy build(PyObject* object) noexcept {
    if (object == nullptr && PyErr_Occurred() == nullptr) PyErr_NoMemory();
    return as_handle(object);
}

} // namespace

HPyListBuilder ctx_ListBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    return HPyListBuilder{word_of(PyList_New(size))};
}

void ctx_ListBuilder_Set(HPyContext*, HPyListBuilder builder, HPy_ssize_t index,
                         HPy h_item) noexcept {
    PyObject* const list = object_of(builder._lst);
    if (list == nullptr) return;
    // Takes the reference; releases what an earlier Set put there. Out of range: IndexError.
    static_cast<void>(PyList_SetItem(list, index, Py_XNewRef(as_object(h_item))));
}

HPy ctx_ListBuilder_Build(HPyContext*, HPyListBuilder builder) noexcept {
    PyObject* const list = object_of(builder._lst);
    const HPy_ssize_t size = list != nullptr ? PyList_GET_SIZE(list) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) { // an item that was never set is no crash later
        if (PyList_GET_ITEM(list, i) == nullptr) PyList_SET_ITEM(list, i, Py_NewRef(Py_None));
    }
    return build(list);
}

void ctx_ListBuilder_Cancel(HPyContext*, HPyListBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._lst));
}

HPyTupleBuilder ctx_TupleBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    return HPyTupleBuilder{word_of(PyTuple_New(size))};
}

void ctx_TupleBuilder_Set(HPyContext*, HPyTupleBuilder builder, HPy_ssize_t index,
                          HPy h_item) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    if (tuple == nullptr) return;
    static_cast<void>(PyTuple_SetItem(tuple, index, Py_XNewRef(as_object(h_item))));
}

HPy ctx_TupleBuilder_Build(HPyContext*, HPyTupleBuilder builder) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    const HPy_ssize_t size = tuple != nullptr ? PyTuple_GET_SIZE(tuple) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) {
        if (PyTuple_GET_ITEM(tuple, i) == nullptr) PyTuple_SET_ITEM(tuple, i, Py_NewRef(Py_None));
    }
    return build(tuple);
}

void ctx_TupleBuilder_Cancel(HPyContext*, HPyTupleBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._tup));
}

} // namespace hpystate::context
