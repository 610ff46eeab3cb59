/// context/call_slot.cpp: copying arguments where there are keywords.
#include "context/call_slot.h"

#include <new>

namespace hpystate {

bool CallArguments::collect(PyObject* args, PyObject* kwargs) noexcept try {
    const Py_ssize_t positional = PyTuple_GET_SIZE(args);
    const Py_ssize_t keywords = PyDict_GET_SIZE(kwargs);
    owned.reserve(static_cast<std::size_t>(positional + keywords));
    for (Py_ssize_t i = 0; i < positional; ++i) {
        owned.push_back(Ref::borrow(PyTuple_GET_ITEM(args, i)));
    }
    names = Ref(PyTuple_New(keywords));
    if (!names) return false;
    PyObject* key = nullptr;
    PyObject* value = nullptr;
    Py_ssize_t at = 0;
    for (Py_ssize_t i = 0; PyDict_Next(kwargs, &at, &key, &value) != 0; ++i) {
        owned.push_back(Ref::borrow(value));
        PyTuple_SET_ITEM(names.get(), i, Py_NewRef(key));
    }
    return true;
} catch (const std::bad_alloc&) {
    PyErr_NoMemory();
    return false;
}

} // namespace hpystate
