/// runtime/context/error.cpp: exceptions, warnings, and the end of the process.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"
#include "runtime/cpython/versions.h"

namespace hpystate::context {

void ctx_FatalError(HPyContext*, const char* message) noexcept {
    Py_FatalError(message);
}

// ---- raising ----

void ctx_Err_SetString(HPyContext*, HPy h_type, const char* utf8_message) noexcept {
    if (!require_pointer(utf8_message, "HPyErr_SetString", "utf8_message")) return;
    PyErr_SetString(as_object(h_type), utf8_message);
}

void ctx_Err_SetObject(HPyContext*, HPy h_type, HPy h_value) noexcept {
    PyErr_SetObject(as_object(h_type), as_object(h_value));
}

HPy ctx_Err_SetFromErrnoWithFilename(HPyContext*, HPy h_type,
                                     const char* filename_fsencoded) noexcept {
    return as_handle(PyErr_SetFromErrnoWithFilename(as_object(h_type), filename_fsencoded));
}

void ctx_Err_SetFromErrnoWithFilenameObjects(HPyContext*, HPy h_type, HPy filename1,
                                             HPy filename2) noexcept {
    // Without the first name CPython ignores the second one, but a debug build asserts that it is
    // null.
    PyObject* const second = filename1._i != 0 ? as_object(filename2) : nullptr;
    PyErr_SetFromErrnoWithFilenameObjects(as_object(h_type), as_object(filename1), second);
}

void ctx_Err_NoMemory(HPyContext*) noexcept {
    PyErr_NoMemory();
}

// ---- asking and clearing ----

int ctx_Err_Occurred(HPyContext*) noexcept {
    return PyErr_Occurred() != nullptr ? 1 : 0;
}

int ctx_Err_ExceptionMatches(HPyContext*, HPy exc) noexcept {
    // CPython dereferences the type of the current exception, so there must be one.
    return PyErr_Occurred() != nullptr ? PyErr_ExceptionMatches(as_object(exc)) : 0;
}

void ctx_Err_Clear(HPyContext*) noexcept {
    PyErr_Clear();
}

void ctx_Err_WriteUnraisable(HPyContext*, HPy obj) noexcept {
    // Without an exception CPython before 3.15 calls the hook with None, its debug builds end the
    // process, and 3.15 dereferences a null pointer.
    if (kUnraisableNeedsException && PyErr_Occurred() == nullptr) return;
    PyErr_WriteUnraisable(as_object(obj));
}

// ---- new exceptions ----

namespace {

/// CPython casts `dict` to a dict without a check. Null is allowed.
bool check_namespace(PyObject* dict, const char* function) noexcept {
    if (dict == nullptr || PyDict_Check(dict)) return true;
    PyErr_Format(PyExc_TypeError, "%s: 'dict' is a '%s', a dict or HPy_NULL was expected.",
                 function, Py_TYPE(dict)->tp_name);
    return false;
}

} // namespace

HPy ctx_Err_NewException(HPyContext*, const char* utf8_name, HPy base, HPy dict) noexcept {
    if (!require_pointer(utf8_name, "HPyErr_NewException", "utf8_name")) return kNullHandle;
    if (!check_namespace(as_object(dict), "HPyErr_NewException")) return kNullHandle;
    return as_handle(PyErr_NewException(utf8_name, as_object(base), as_object(dict)));
}

HPy ctx_Err_NewExceptionWithDoc(HPyContext*, const char* utf8_name, const char* utf8_doc, HPy base,
                                HPy dict) noexcept {
    if (!require_pointer(utf8_name, "HPyErr_NewExceptionWithDoc", "utf8_name")) return kNullHandle;
    if (!check_namespace(as_object(dict), "HPyErr_NewExceptionWithDoc")) return kNullHandle;
    return as_handle(
        PyErr_NewExceptionWithDoc(utf8_name, utf8_doc, as_object(base), as_object(dict)));
}

int ctx_Err_WarnEx(HPyContext*, HPy category, const char* utf8_message,
                   HPy_ssize_t stack_level) noexcept {
    if (!require_pointer(utf8_message, "HPyErr_WarnEx", "utf8_message")) return -1;
    return PyErr_WarnEx(as_object(category), utf8_message, stack_level);
}

} // namespace hpystate::context
