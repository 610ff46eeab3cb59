/// runtime/context/pointers.h: C pointers that an extension passes: NULL is answered, not followed.
#pragma once

#include <Python.h>

namespace hpystate::context {

/// False with a SystemError that names the function and the parameter where `pointer` is NULL.
[[nodiscard]] inline bool require_pointer(const void* pointer, const char* function,
                                          const char* parameter) noexcept {
    if (pointer != nullptr) [[likely]]
        return true;
    PyErr_Format(PyExc_SystemError, "%s: '%s' is NULL; a pointer was expected.", function,
                 parameter);
    return false;
}

/// The same for text or an array that comes with its size: NULL is allowed where there is nothing.
[[nodiscard]] inline bool require_sized(const void* pointer, Py_ssize_t size, const char* function,
                                        const char* parameter) noexcept {
    if (size < 0) [[unlikely]] {
        PyErr_Format(PyExc_SystemError, "%s: the size %zd is negative.", function, size);
        return false;
    }
    return size == 0 || require_pointer(pointer, function, parameter);
}

} // namespace hpystate::context
