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

/// Whether an object is an exact list, whose class does not override the access, that has an item
/// `index`. Without the GIL a list may change meanwhile, so it is false there.
[[nodiscard]] inline bool has_list_item([[maybe_unused]] PyObject* object,
                                        [[maybe_unused]] Py_ssize_t index) noexcept {
#ifndef Py_GIL_DISABLED
    return PyList_CheckExact(object) && is_inside(index, PyList_GET_SIZE(object));
#else
    return false;
#endif
}

/// Appends to an exact list that has room for the item. False: it is none, or has no room; then
/// nothing has changed. Without the GIL always: another thread may append meanwhile.
[[nodiscard]] inline bool append_to_exact([[maybe_unused]] PyObject* object,
                                          [[maybe_unused]] PyObject* item) noexcept {
#ifndef Py_GIL_DISABLED
    if (!PyList_CheckExact(object)) return false;
    auto* const list = reinterpret_cast<PyListObject*>(object);
    const Py_ssize_t length = PyList_GET_SIZE(object);
    // While a list is sorted, it has no items, and room for -1.
    if (length >= list->allocated) return false;
    list->ob_item[length] = Py_NewRef(item);
    Py_SET_SIZE(reinterpret_cast<PyVarObject*>(list), length + 1);
    return true;
#else
    return false;
#endif
}

/// The items of a tuple, one after the other; the tuple owns them.
[[nodiscard]] inline PyObject* const* items_of(PyObject* tuple) noexcept {
    return reinterpret_cast<PyTupleObject*>(tuple)->ob_item;
}

} // namespace hpystate
