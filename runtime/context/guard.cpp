/// runtime/context/guard.cpp: the exception for a null operand.
#include <Python.h>

#include "runtime/context/guard.h"

namespace hpystate::context {

void raise_null_operand(ContextFunction function, std::size_t index) noexcept {
    // An exception that is set already is kept: it explains why the operand is null.
    if (PyErr_Occurred() != nullptr) return;
    PyErr_Format(
        PyExc_SystemError,
        "%s: parameter %zu is HPy_NULL, a handle was expected. Check the result of the call "
        "that returned it; HPyGlobal_Load returns HPy_NULL if this interpreter has stored "
        "nothing.",
        api_name_of(function), index);
}

} // namespace hpystate::context
