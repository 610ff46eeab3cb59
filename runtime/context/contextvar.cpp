/// runtime/context/contextvar.cpp: context variables (PEP 567).
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

HPy ctx_ContextVar_New(HPyContext*, const char* name, HPy default_value) noexcept {
    if (!require_pointer(name, "HPyContextVar_New", "name")) return kNullHandle;
    return as_handle(PyContextVar_New(name, as_object(default_value)));
}

int32_t ctx_ContextVar_Get(HPyContext*, HPy context_var, HPy default_value, HPy* result) noexcept {
    if (!require_pointer(result, "HPyContextVar_Get", "result")) return -1;
    PyObject* value = nullptr;
    *result = kNullHandle;
    if (PyContextVar_Get(as_object(context_var), as_object(default_value), &value) < 0) return -1;
    *result = as_handle(value); // null: no value and no default
    return 0;
}

HPy ctx_ContextVar_Set(HPyContext*, HPy context_var, HPy value) noexcept {
    return as_handle(PyContextVar_Set(as_object(context_var), as_object(value)));
}

} // namespace hpystate::context
