/// runtime/calls/call_arguments.cpp: copying arguments where there are keywords.
#include "runtime/calls/call_arguments.h"

#include <new>

namespace hpystate {

bool CallArguments::collect(PyObject* args, PyObject* kwargs) noexcept {
    const Py_ssize_t positional = PyTuple_GET_SIZE(args);
    const Py_ssize_t keywords = PyDict_GET_SIZE(kwargs);
    owned.reset(new (std::nothrow) Ref[static_cast<std::size_t>(positional + keywords)]);
    names = Ref(PyTuple_New(keywords));
    if (owned == nullptr) PyErr_NoMemory();
    if (owned == nullptr || !names) return false;
    for (Py_ssize_t i = 0; i < positional; ++i)
        owned[static_cast<std::size_t>(i)] = Ref::borrow(PyTuple_GET_ITEM(args, i));
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; i < keywords && PyDict_Next(kwargs, &at, &key, &value) != 0; ++i) {
        owned[static_cast<std::size_t>(positional + i)] = Ref::borrow(value);
        PyTuple_SET_ITEM(names.get(), i, Py_NewRef(key));
    }
    return true;
}

} // namespace hpystate
