/// context/instance.h: the usual way to make an instance of a type of HPy's.
#pragma once

#include <Python.h>

#include "context/shape.h"
#include "context/typedata.h"

#include <atomic>

namespace hpystate::context {

/// Whether it is plain at first sight that instances of the type are made by CPython's own
/// allocator, and nothing below the type has a say in it. Making one runs no Python code then.
[[nodiscard]] inline bool is_simple_type(PyObject* type) noexcept {
    if (!PyType_Check(type)) [[unlikely]]
        return false;
    const destructor dealloc = reinterpret_cast<PyTypeObject*>(type)->tp_dealloc;
    const TypeEntry& entry = type_entries[first_type_entry(dealloc)];
    // acquire: pairs with the release in remember().
    if (entry.dealloc.load(std::memory_order_acquire) != dealloc) [[unlikely]]
        return false;
    return entry.record.load(std::memory_order_relaxed)->simple != 0;
}

/// A new instance of such a type, and its struct, all zero. nullptr: MemoryError is set.
[[nodiscard]] inline PyObject* make_simple(PyObject* type, void** data) noexcept {
    PyObject* const object = PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(type), 0);
    *data = object != nullptr ? struct_of<HPyType_BuiltinShape_Object>(object) : nullptr;
    return object;
}

} // namespace hpystate::context
