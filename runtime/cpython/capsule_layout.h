/// runtime/cpython/capsule_layout.h: where a capsule keeps its pointer.
///
/// CPython does not promise it. Inline code of hpystate/global.h reads the word there, which spares
/// it a call.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstring>

namespace hpystate {

/// Bytes from a capsule to its pointer, as found in one that is made for that; 0: it is somewhere
/// else, and PyCapsule_GetPointer must be called. -1 with an exception set.
[[nodiscard]] inline std::ptrdiff_t find_capsule_pointer() noexcept {
    static const char here = 0;
    PyObject* const capsule = PyCapsule_New(const_cast<char*>(&here), nullptr, nullptr);
    if (capsule == nullptr) return -1;
    const void* found = nullptr;
    const auto* const behind_head = reinterpret_cast<const char*>(capsule) + sizeof(PyObject);
    std::memcpy(&found, behind_head, sizeof(found));
    Py_DECREF(capsule);
    return found == &here ? static_cast<std::ptrdiff_t>(sizeof(PyObject)) : 0;
}

} // namespace hpystate
