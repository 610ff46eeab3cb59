/// runtime/cpython/new_object.h: makes an object of memory that is kept for the next instance.
#pragma once

#include <Python.h>

namespace hpystate {

// Together they are PyObject_Init for a heap type, without a call around a call.

/// Sets all but the count of references: the collector may track the object from now on, if
/// complete_object() follows before anything else runs.
inline void begin_object(PyObject* memory, PyTypeObject* type) noexcept {
    Py_SET_TYPE(memory, type);
    Py_INCREF(type);
}

/// _Py_NewReference sets the count to one, and tells whoever traces allocations.
[[nodiscard]] inline PyObject* complete_object(PyObject* memory) noexcept {
    _Py_NewReference(memory);
    return memory;
}

} // namespace hpystate
