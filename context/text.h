/// context/text.h: C strings that an extension passes: NULL is answered, not followed.
#pragma once

#include <Python.h>

namespace hpystate::context {

/// False with a SystemError that names the function and the parameter where `text` is NULL.
[[nodiscard]] inline bool require_text(const void* text, const char* function,
                                       const char* parameter) noexcept {
    if (text != nullptr) [[likely]]
        return true;
    PyErr_Format(PyExc_SystemError, "%s: '%s' is NULL; a pointer was expected.", function,
                 parameter);
    return false;
}

} // namespace hpystate::context
