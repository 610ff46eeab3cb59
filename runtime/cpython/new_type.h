/// runtime/cpython/new_type.h: makes sure that a failed PyType_From...Spec has set an exception.
#pragma once

#include <Python.h>

namespace hpystate {

/// What CPython made of a type's spec. It forgets the exception where it has no memory for its copy
/// of the type's name (seen in 3.12 and 3.13): then MemoryError is set here.
[[nodiscard]] inline PyObject* made_or_raised(PyObject* type) noexcept {
    if (type == nullptr && PyErr_Occurred() == nullptr) PyErr_NoMemory();
    return type;
}

} // namespace hpystate
