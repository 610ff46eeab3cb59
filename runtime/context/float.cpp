/// runtime/context/float.cpp: floats and bools.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

HPy ctx_Float_FromDouble(HPyContext*, double v) noexcept {
    return as_handle(PyFloat_FromDouble(v));
}

double ctx_Float_AsDouble(HPyContext*, HPy h) noexcept {
    PyObject* const object = as_object(h);
    return PyFloat_CheckExact(object) ? PyFloat_AS_DOUBLE(object) : PyFloat_AsDouble(object);
}

HPy ctx_Bool_FromBool(HPyContext*, bool v) noexcept {
    return as_handle(Py_NewRef(v ? Py_True : Py_False));
}

} // namespace hpystate::context
