/// runtime/context/call.h: checks the arguments of a call, and calls by vectorcall.
#pragma once

#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/pointers.h"

#include <cstddef>
#include <cstring>

namespace hpystate::context {

/// Set the exceptions of arguments_are_good(), and return false.
[[gnu::cold]] bool refuse_argument(const char* function, std::size_t index) noexcept;
[[gnu::cold]] bool refuse_names(const char* function, PyObject* kwnames) noexcept;

/// Positional arguments, and the values of the names behind them, must not be HPy_NULL; the names
/// must be a tuple. False: an exception is set.
[[nodiscard]] inline bool arguments_are_good(const char* function, const HPy* args,
                                             std::size_t nargs, HPy kwnames) noexcept {
    std::size_t count = nargs;
    if (kwnames._i != 0) [[unlikely]] {
        if (!PyTuple_Check(as_object(kwnames))) return refuse_names(function, as_object(kwnames));
        count += static_cast<std::size_t>(PyTuple_GET_SIZE(as_object(kwnames)));
    }
    if (count != 0 && args == nullptr) [[unlikely]]
        return require_pointer(args, function, "args");
    for (std::size_t i = 0; i < count; ++i) {
        if (args[i]._i == 0) [[unlikely]]
            return refuse_argument(function, i);
    }
    return true;
}

/// PyObject_Vectorcall, without a function call, two reads of the thread state and a check of the
/// exception. That check is for a callee that returns a result and sets an exception, which is not
/// detected here; one that returns NULL without an exception is.
[[nodiscard]] inline PyObject* vectorcall(PyObject* callable, PyObject* const* args,
                                          std::size_t nargs, PyObject* kwnames) noexcept {
    const PyTypeObject* const type = Py_TYPE(callable);
    vectorcallfunc function = nullptr;
    if (PyType_HasFeature(const_cast<PyTypeObject*>(type), Py_TPFLAGS_HAVE_VECTORCALL)) [[likely]] {
        const char* const place = reinterpret_cast<char*>(callable) + type->tp_vectorcall_offset;
        std::memcpy(&function, place, sizeof(function));
    }
    if (function == nullptr) [[unlikely]]
        return PyObject_Vectorcall(callable, args, nargs, kwnames);
    PyObject* const result = function(callable, args, nargs, kwnames);
    if (result == nullptr && PyErr_Occurred() == nullptr) [[unlikely]] {
        PyErr_Format(PyExc_SystemError, "%R returned NULL without setting an exception", callable);
    }
    return result;
}

} // namespace hpystate::context
