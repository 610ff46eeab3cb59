/// tests/fuzz/python.cpp: embeds Python.
#include <Python.h>

#include "tests/fuzz/python.h"

#include "runtime/versions/v0_9/contexts.h"
#include "tests/fuzz/targets.h"

namespace hpystate::fuzz {

_HPyContext_s* context() {
    static _HPyContext_s* const plain = [] {
        if (!Py_IsInitialized()) {
            PyPreConfig before;
            PyPreConfig_InitPythonConfig(&before);
            before.allocator = PYMEM_ALLOCATOR_MALLOC;
            require(!PyStatus_Exception(Py_PreInitialize(&before)), "Python can be prepared");
            Py_InitializeEx(0);
        }
        Region* const region = context::enter_interpreter();
        require(region != nullptr, "the interpreter has a region");
        return &region->context();
    }();
    return plain;
}

std::intptr_t evaluate(const char* expression) {
    PyObject* const scope = PyDict_New();
    PyObject* const object = PyRun_String(expression, Py_eval_input, scope, scope);
    if (object == nullptr) PyErr_Print();
    require(object != nullptr, "the expression has a value");
    Py_DECREF(scope);
    return reinterpret_cast<std::intptr_t>(object);
}

std::intptr_t references(std::intptr_t object) {
    return Py_REFCNT(reinterpret_cast<PyObject*>(object));
}

} // namespace hpystate::fuzz
