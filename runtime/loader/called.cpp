/// runtime/loader/called.cpp: an exception that a function of a file set and did not report.
#include <Python.h>

#include "runtime/loader/called.h"

namespace hpystate {

void check_no_exception(const std::string& path, const std::string& function) {
    if (PyErr_Occurred() == nullptr) return;
    PyObject* const cause = PyErr_GetRaisedException();
    const std::string text = path + ": " + function +
                             " set an exception, but returned success. The exception is this "
                             "error's cause: return an error, or clear the exception.";
    if (PyObject* const message = PyUnicode_DecodeFSDefault(text.c_str())) {
        PyErr_SetObject(PyExc_SystemError, message);
        Py_DECREF(message);
    }
    PyObject* const raised = PyErr_GetRaisedException();
    PyException_SetCause(raised, Py_NewRef(cause)); // takes the reference, as SetContext does
    PyException_SetContext(raised, cause);
    PyErr_SetRaisedException(raised);
    throw AlreadyRaised();
}

} // namespace hpystate
