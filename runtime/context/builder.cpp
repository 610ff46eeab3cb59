/// runtime/context/builder.cpp: list and tuple builders: the object under construction, behind a
/// handle.
///
/// A builder owns an object that no other code has seen; Build returns it, Cancel releases it. In
/// HPy only Build raises. So a builder that could not be made holds the reason in place of the
/// object: then Set and Cancel do nothing, and Build raises the exception.
#include <Python.h>

#include "globals/gil.h"
#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/cpython/new_list.h"

#include <cstdint>

namespace hpystate::context {

namespace {

/// Words that are not an object: the reason why there is none.
constexpr std::intptr_t kNoMemory = 0;
constexpr std::intptr_t kBadSize = 1;

/// The object under construction, or nullptr.
PyObject* object_of(std::intptr_t word) noexcept {
    return word != kBadSize ? reinterpret_cast<PyObject*>(word) : nullptr;
}

/// Makes the object and returns the builder's word. `make` is not called with a negative size.
std::intptr_t begin(PyObject* (*make)(Py_ssize_t), HPy_ssize_t size) noexcept {
    if (size < 0) return kBadSize;
    PyObject* const object = make(size);
    if (object != nullptr) return reinterpret_cast<std::intptr_t>(object);
    PyErr_Clear(); // New must not raise; Build raises the exception again
    return kNoMemory;
}

/// An index out of range is the caller's fault, and a builder has no room to keep it until Build.
/// So the IndexError is set at once, and Build finds it.
bool check_index(const char* function, HPy_ssize_t index, HPy_ssize_t size) noexcept {
    if (index >= 0 && index < size) [[likely]]
        return true;
    PyErr_Format(PyExc_IndexError, "%s: index %zd is out of range, the builder has %zd items.",
                 function, index, size);
    return false;
}

/// Returns the object; or null with an exception set, and then the object is released. The
/// exception may be from an earlier step: from Set, or from a call that should have returned an
/// item.
HPy finish(const char* function, std::intptr_t word) noexcept {
    PyObject* const object = object_of(word);
    if (PyErr_Occurred() != nullptr) [[unlikely]] {
        Py_XDECREF(object);
        return kNullHandle;
    }
    if (word == kBadSize)
        PyErr_Format(PyExc_SystemError, "%s: the builder was made with a negative size.", function);
    if (word == kNoMemory) PyErr_NoMemory();
    return as_handle(object);
}

} // namespace

HPyListBuilder ctx_ListBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    return HPyListBuilder{begin(&new_list, size)};
}

void ctx_ListBuilder_Set(HPyContext*, HPyListBuilder builder, HPy_ssize_t index,
                         HPy h_item) noexcept {
    PyObject* const list = object_of(builder._lst);
    if (list == nullptr) return;
    if (!check_index("HPyListBuilder_Set", index, PyList_GET_SIZE(list))) return;
    PyObject* const item = Py_XNewRef(as_object(h_item));
    if constexpr (kNoGil) { // another thread may have found the list through the collector
        static_cast<void>(PyList_SetItem(list, index, item));
        return;
    }
    PyObject* const earlier = PyList_GET_ITEM(list, index);
    PyList_SET_ITEM(list, index, item);
    Py_XDECREF(earlier);
}

HPy ctx_ListBuilder_Build(HPyContext*, HPyListBuilder builder) noexcept {
    PyObject* const list = object_of(builder._lst);
    const HPy_ssize_t size = list != nullptr ? PyList_GET_SIZE(list) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) { // None for an item that was never set
        if (PyList_GET_ITEM(list, i) == nullptr) PyList_SET_ITEM(list, i, Py_NewRef(Py_None));
    }
    return finish("HPyListBuilder_Build", builder._lst);
}

void ctx_ListBuilder_Cancel(HPyContext*, HPyListBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._lst));
}

HPyTupleBuilder ctx_TupleBuilder_New(HPyContext*, HPy_ssize_t size) noexcept {
    return HPyTupleBuilder{begin(&PyTuple_New, size)};
}

void ctx_TupleBuilder_Set(HPyContext*, HPyTupleBuilder builder, HPy_ssize_t index,
                          HPy h_item) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    if (tuple == nullptr) return;
    if (!check_index("HPyTupleBuilder_Set", index, PyTuple_GET_SIZE(tuple))) return;
    PyObject* const earlier = PyTuple_GET_ITEM(tuple, index);
    PyTuple_SET_ITEM(tuple, index, Py_XNewRef(as_object(h_item)));
    Py_XDECREF(earlier);
}

HPy ctx_TupleBuilder_Build(HPyContext*, HPyTupleBuilder builder) noexcept {
    PyObject* const tuple = object_of(builder._tup);
    const HPy_ssize_t size = tuple != nullptr ? PyTuple_GET_SIZE(tuple) : 0;
    for (HPy_ssize_t i = 0; i < size; ++i) {
        if (PyTuple_GET_ITEM(tuple, i) == nullptr) PyTuple_SET_ITEM(tuple, i, Py_NewRef(Py_None));
    }
    return finish("HPyTupleBuilder_Build", builder._tup);
}

void ctx_TupleBuilder_Cancel(HPyContext*, HPyTupleBuilder builder) noexcept {
    Py_XDECREF(object_of(builder._tup));
}

} // namespace hpystate::context
