/// runtime/cpython/items.h: items of lists and tuples, read in place.
///
/// The structs are in CPython's public headers, but not in its stable ABI: a build for one version
/// serves that version only, which the name of its file ensures.
#pragma once

#include <Python.h>

#include <cstddef>

namespace hpystate {

[[nodiscard]] inline bool is_inside(Py_ssize_t index, Py_ssize_t size) noexcept {
    return static_cast<std::size_t>(index) < static_cast<std::size_t>(size);
}

/// The address of item `index` of an exact list or tuple; nullptr for subclasses, whose class may
/// override the access, and for indices outside 0..size-1. Without the GIL a list may change
/// meanwhile, so it is nullptr for lists there.
[[nodiscard]] inline PyObject** item_of_exact(PyObject* object, Py_ssize_t index) noexcept {
#ifndef Py_GIL_DISABLED
    if (PyList_CheckExact(object) && is_inside(index, PyList_GET_SIZE(object)))
        return &reinterpret_cast<PyListObject*>(object)->ob_item[index];
#endif
    if (PyTuple_CheckExact(object) && is_inside(index, PyTuple_GET_SIZE(object)))
        return &reinterpret_cast<PyTupleObject*>(object)->ob_item[index];
    return nullptr;
}

/// The items of a tuple, one after the other; the tuple owns them.
[[nodiscard]] inline PyObject* const* items_of(PyObject* tuple) noexcept {
    return reinterpret_cast<PyTupleObject*>(tuple)->ob_item;
}

} // namespace hpystate
