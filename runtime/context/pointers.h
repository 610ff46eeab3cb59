/// runtime/context/pointers.h: checks C pointers that an extension passes: NULL is refused.
#pragma once

#include <Python.h>

namespace hpystate::context {

/// False if `pointer` is NULL, with a SystemError that names the function and the parameter.
[[nodiscard]] inline bool require_pointer(const void* pointer, const char* function,
                                          const char* parameter) noexcept {
    if (pointer != nullptr) [[likely]]
        return true;
    PyErr_Format(PyExc_SystemError, "%s: '%s' is NULL; a pointer was expected.", function,
                 parameter);
    return false;
}

/// The same for text or an array with a size, which must not be negative. NULL is allowed if the
/// size is 0.
[[nodiscard]] inline bool require_sized(const void* pointer, Py_ssize_t size, const char* function,
                                        const char* parameter) noexcept {
    if (size < 0) [[unlikely]] {
        PyErr_Format(PyExc_SystemError, "%s: the size %zd is negative.", function, size);
        return false;
    }
    return size == 0 || require_pointer(pointer, function, parameter);
}

} // namespace hpystate::context
