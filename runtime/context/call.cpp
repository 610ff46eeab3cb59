/// runtime/context/call.cpp: calling objects. An array of handles is an array of objects, so
/// nothing is copied.
#include <Python.h>

#include "runtime/context/call.h"

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"

#include <cstddef>

namespace hpystate::context {

bool refuse_argument(const char* function, std::size_t index) noexcept {
    // An exception that is set already explains why the argument is null.
    if (PyErr_Occurred() == nullptr) {
        PyErr_Format(PyExc_SystemError, "%s: argument %zu is HPy_NULL, a handle was expected.",
                     function, index);
    }
    return false;
}

bool refuse_names(const char* function, PyObject* kwnames) noexcept {
    PyErr_Format(PyExc_TypeError, "%s: 'kwnames' is a '%s', a tuple of str was expected.", function,
                 Py_TYPE(kwnames)->tp_name);
    return false;
}

int ctx_Callable_Check(HPyContext*, HPy h) noexcept {
    return PyCallable_Check(as_object(h));
}

HPy ctx_Call(HPyContext*, HPy callable, const HPy* args, size_t nargs, HPy kwnames) noexcept {
    if (!arguments_are_good("HPy_Call", args, nargs, kwnames)) [[unlikely]]
        return kNullHandle;
    return as_handle(vectorcall(as_object(callable), as_objects(args), nargs, as_object(kwnames)));
}

HPy ctx_CallMethod(HPyContext*, HPy name, const HPy* args, size_t nargs, HPy kwnames) noexcept {
    if (nargs == 0) {
        PyErr_SetString(
            PyExc_SystemError,
            "HPy_CallMethod: nargs is 0; args[0] must be the object whose method is called.");
        return kNullHandle;
    }
    if (!arguments_are_good("HPy_CallMethod", args, nargs, kwnames)) [[unlikely]]
        return kNullHandle;
    return as_handle(
        PyObject_VectorcallMethod(as_object(name), as_objects(args), nargs, as_object(kwnames)));
}

HPy ctx_CallTupleDict(HPyContext*, HPy callable, HPy args, HPy kw) noexcept {
    PyObject* const positional = as_object(args);
    PyObject* const keywords = as_object(kw);
    if (positional != nullptr && !PyTuple_Check(positional)) {
        PyErr_Format(PyExc_TypeError,
                     "HPy_CallTupleDict: 'args' is a '%s'; a tuple, or HPy_NULL for none, was "
                     "expected.",
                     Py_TYPE(positional)->tp_name);
        return kNullHandle;
    }
    if (keywords != nullptr && !PyDict_Check(keywords)) {
        PyErr_Format(PyExc_TypeError,
                     "HPy_CallTupleDict: 'kw' is a '%s'; a dict, or HPy_NULL for none, was "
                     "expected.",
                     Py_TYPE(keywords)->tp_name);
        return kNullHandle;
    }
    if (positional != nullptr) {
        return as_handle(PyObject_Call(as_object(callable), positional, keywords));
    }
    const Ref none(PyTuple_New(0));
    return none ? as_handle(PyObject_Call(as_object(callable), none.get(), keywords)) : kNullHandle;
}

} // namespace hpystate::context
