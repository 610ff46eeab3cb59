/// runtime/cpython/new_list.h: PyList_New, round a fault of CPython's without the GIL.
#pragma once

#include <Python.h>

#include "globals/gil.h"

#include <cstddef>

namespace hpystate::context {

/// A list of `size` items that are null; size >= 0. nullptr: MemoryError is set.
///
/// CPython 3.13 without the GIL gives the memory of another list back where it has none for the
/// items of this one (seen in 3.13.15: the list comes from the free list, with its old items). So
/// memory is asked for first where it is large enough to be refused.
[[nodiscard]] inline PyObject* new_list(Py_ssize_t size) noexcept {
    constexpr Py_ssize_t kLarge = 4096;
    constexpr Py_ssize_t kMost = PY_SSIZE_T_MAX / static_cast<Py_ssize_t>(sizeof(PyObject*)) - 8;
    if constexpr (kNoGil) {
        if (size > kLarge) {
            const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(PyObject*);
            void* const memory = size <= kMost ? PyMem_Malloc(bytes) : nullptr;
            if (memory == nullptr) return PyErr_NoMemory();
            PyMem_Free(memory);
        }
    }
    return PyList_New(size);
}

} // namespace hpystate::context
