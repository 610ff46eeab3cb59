/// context/eval.cpp: compiling source text and evaluating code objects.
#include <Python.h>

#include "context/functions.h"
#include "context/handle.h"
#include "context/text.h"

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
    PyErr_SetString(PyExc_SystemError, "ctx_Compile_s: the source kind is none of HPy_SourceKind.");
    return 0;
}

} // namespace

HPy ctx_Compile_s(HPyContext*, const char* utf8_source, const char* utf8_filename,
                  HPy_SourceKind kind) noexcept {
    if (!require_text(utf8_source, "ctx_Compile_s", "utf8_source")) return kNullHandle;
    if (!require_text(utf8_filename, "ctx_Compile_s", "utf8_filename")) return kNullHandle;
    const int start = start_of(kind);
    if (start == 0) return kNullHandle;
    return as_handle(Py_CompileString(utf8_source, utf8_filename, start));
}

HPy ctx_EvalCode(HPyContext*, HPy code, HPy globals, HPy locals) noexcept {
    return as_handle(PyEval_EvalCode(as_object(code), as_object(globals), as_object(locals)));
}

} // namespace hpystate::context
