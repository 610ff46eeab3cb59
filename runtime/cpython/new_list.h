/// runtime/cpython/new_list.h: PyList_New, with a workaround for a fault of CPython's without the
/// GIL (gh-152125).
#pragma once

#include <Python.h>

#include "globals/gil.h"

#include <cstddef>

namespace hpystate::context {

/// A list of `size` items that are null; size >= 0. nullptr: MemoryError is set.
///
/// If CPython 3.13 without the GIL has no memory for the items of this list, it frees those of
/// another one (seen in 3.13.15: the list is taken from the free list, with its old items). So a
/// size that may be refused is allocated and freed first.
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
