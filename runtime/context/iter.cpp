/// runtime/context/iter.cpp: iterators.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

namespace hpystate::context {

HPy ctx_GetIter(HPyContext*, HPy obj) noexcept {
    return as_handle(PyObject_GetIter(as_object(obj)));
}

HPy ctx_Iter_Next(HPyContext*, HPy obj) noexcept {
    PyObject* const iterator = as_object(obj);
    if (!PyIter_Check(iterator)) {
        PyErr_Format(
            PyExc_TypeError,
            "HPyIter_Next: a '%s' was given, an iterator was expected. Call HPy_GetIter first.",
            Py_TYPE(iterator)->tp_name);
        return kNullHandle;
    }
    return as_handle(PyIter_Next(iterator)); // null without an exception: there is no further item
}

int ctx_Iter_Check(HPyContext*, HPy obj) noexcept {
    return PyIter_Check(as_object(obj));
}

} // namespace hpystate::context
