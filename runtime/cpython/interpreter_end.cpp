/// runtime/cpython/interpreter_end.cpp: asks CPython, in the way of each version.
#include "runtime/cpython/interpreter_end.h"

#include "runtime/cpython/attached.h"
#include "runtime/cpython/private_symbols.h"

namespace hpystate {

int add_exit_callback(void (*callback)(void*), void* data) noexcept {
    HPYSTATE_CHECK(may_run_python());
    PyInterpreterState* const interpreter = PyInterpreterState_Get();
#if PY_VERSION_HEX >= 0x030D0000
    return PyUnstable_AtExit(interpreter, callback, data);
#else
    return _Py_AtExit(interpreter, callback, data);
#endif
}

#if PY_VERSION_HEX >= 0x030F0000

bool is_ending() noexcept {
    HPYSTATE_CHECK(is_attached());
    PyObject* const raised = PyErr_GetRaisedException();
    PyObject* modules = nullptr;
    // -1: no memory for the key, which does not mean that the interpreter is ending.
    const int found = PySys_GetOptionalAttrString("modules", &modules);
    PyErr_SetRaisedException(raised);                                    // drops the MemoryError
    const bool ending = found == 0 || (found > 0 && modules == Py_None); // None once it was cleared
    Py_XDECREF(modules); // sys still holds the dict or the None
    return ending;
}

#else // PySys_GetObject hides that there was no memory, and from 3.13 on prints it

bool is_ending() noexcept {
    HPYSTATE_CHECK(is_attached());
    PyObject* modules = PySys_GetObject("modules"); // borrowed; None once they were cleared
    if (modules == nullptr) {
        // It is gone, or CPython had no memory for the key and hides that. Whether such a key can
        // be made shows which.
        PyObject* const raised = PyErr_GetRaisedException();
        PyObject* const key = PyUnicode_FromString("modules");
        const bool no_memory = key == nullptr;
        Py_XDECREF(key);
        PyErr_SetRaisedException(raised); // drops the MemoryError of the key
        if (no_memory) return false;
        modules = PySys_GetObject("modules");
    }
    return modules == nullptr || modules == Py_None;
}

#endif

bool is_finalizing() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return Py_IsFinalizing() != 0;
#else
    return _Py_IsFinalizing() != 0;
#endif
}

bool has_stopped_threads() noexcept {
    HPYSTATE_CHECK(is_attached());
    const auto is_ending_now = private_symbols.is_interpreter_finalizing;
    return is_ending_now != nullptr ? is_ending_now(PyInterpreterState_Get()) != 0
                                    : is_finalizing();
}

} // namespace hpystate
