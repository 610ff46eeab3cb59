/// runtime/context/eval.cpp: compiling source text and evaluating code objects.
#include <Python.h>

#include "runtime/calls/handle.h"
#include "runtime/context/functions.h"
#include "runtime/context/pointers.h"

namespace hpystate::context {

namespace {

/// CPython's start symbol; 0 with a SystemError for a kind that HPy does not have.
int start_of(HPy_SourceKind kind) noexcept {
    switch (kind) {
    case HPy_SourceKind_Expr:
        return Py_eval_input;
    case HPy_SourceKind_File:
        return Py_file_input;
    case HPy_SourceKind_Single:
        return Py_single_input;
    }
    PyErr_Format(PyExc_SystemError,
                 "HPy_Compile_s: the source kind is %d, a value of HPy_SourceKind was expected.",
                 static_cast<int>(kind));
    return 0;
}

/// CPython casts `code` without a check, and code with free variables would read a closure that
/// does not exist.
bool check_code(PyObject* code) noexcept {
    if (!PyCode_Check(code)) {
        PyErr_Format(PyExc_TypeError, "HPy_EvalCode: 'code' is a '%s', a code object was expected.",
                     Py_TYPE(code)->tp_name);
        return false;
    }
    if (PyCode_GetNumFree(reinterpret_cast<PyCodeObject*>(code)) == 0) return true;
    PyErr_SetString(
        PyExc_TypeError,
        "HPy_EvalCode: 'code' has free variables; code without a closure was expected.");
    return false;
}

} // namespace

HPy ctx_Compile_s(HPyContext*, const char* utf8_source, const char* utf8_filename,
                  HPy_SourceKind kind) noexcept {
    if (!require_pointer(utf8_source, "HPy_Compile_s", "utf8_source")) return kNullHandle;
    if (!require_pointer(utf8_filename, "HPy_Compile_s", "utf8_filename")) return kNullHandle;
    const int start = start_of(kind);
    if (start == 0) return kNullHandle;
    return as_handle(Py_CompileString(utf8_source, utf8_filename, start));
}

HPy ctx_EvalCode(HPyContext*, HPy code, HPy globals, HPy locals) noexcept {
    if (!check_code(as_object(code))) return kNullHandle;
    if (!PyDict_Check(as_object(globals))) {
        PyErr_Format(PyExc_TypeError, "HPy_EvalCode: 'globals' is a '%s', a dict was expected.",
                     Py_TYPE(as_object(globals))->tp_name);
        return kNullHandle;
    }
    return as_handle(PyEval_EvalCode(as_object(code), as_object(globals), as_object(locals)));
}

} // namespace hpystate::context
