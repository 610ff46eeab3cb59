/// runtime/context/legacy.cpp: between handles and the C API, for hybrid modules.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

HPy ctx_FromPyObject(HPyContext*, cpy_PyObject* obj) noexcept {
    return as_handle(Py_XNewRef(reinterpret_cast<PyObject*>(obj)));
}

cpy_PyObject* ctx_AsPyObject(HPyContext*, HPy h) noexcept {
    return reinterpret_cast<cpy_PyObject*>(Py_XNewRef(as_object(h)));
}

} // namespace hpystate::context
