/// runtime/context/tuple.cpp: tuples.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

int ctx_Tuple_Check(HPyContext*, HPy h) noexcept {
    return PyTuple_Check(as_object(h));
}

namespace {

[[gnu::cold]] HPy refuse_item(HPy_ssize_t index) noexcept {
    if (PyErr_Occurred() == nullptr) {
        PyErr_Format(PyExc_SystemError,
                     "HPyTuple_FromArray: item %zd is HPy_NULL, a handle was expected.", index);
    }
    return kNullHandle;
}

} // namespace

HPy ctx_Tuple_FromArray(HPyContext*, HPy* items, HPy_ssize_t n) noexcept {
    if (!require_sized(items, n, "HPyTuple_FromArray", "items")) return kNullHandle;
    PyObject* const tuple = PyTuple_New(n);
    for (HPy_ssize_t i = 0; tuple != nullptr && i < n; ++i) {
        if (items[i]._i == 0) [[unlikely]] {
            Py_DECREF(tuple);
            return refuse_item(i);
        }
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(as_object(items[i])));
    }
    return as_handle(tuple);
}

} // namespace hpystate::context
