/* hpy/eval.h: compiling and running Python source. C11, C++17.
 *
 * A handle or a text may be HPy_NULL or NULL only where its line allows that. Otherwise the
 * function returns its error value and sets a SystemError that names the function, or keeps the
 * exception that is set already; `raises` does not repeat this.
 */
#pragma once

#include "hpy/context.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Compiles Python source.
 *
 *  ctx            the caller's context
 *  utf8_source    UTF-8, ended by a zero byte
 *  utf8_filename  UTF-8, for messages and tracebacks
 *  kind           an expression, a file, or what is typed at a prompt
 *  returns        new handle, close it; HPy_NULL with an exception set. It is a code object
 *  raises         SyntaxError; SystemError for another kind
 *  thread         attached to ctx's interpreter
 *  since          HPy 0.9
 *  source         Py_CompileString of the C API
 */
static inline HPy HPy_Compile_s(HPyContext* ctx, const char* utf8_source, const char* utf8_filename,
                                HPy_SourceKind kind) {
    return HPY_FUNCTION(ctx, Compile_s)(ctx, utf8_source, utf8_filename, kind);
}

/** Runs a code object.
 *
 *  ctx      the caller's context
 *  code     a code object without free variables, borrowed
 *  globals  a dict, borrowed
 *  locals   a mapping, borrowed; `globals` or HPy_NULL for code of a module
 *  returns  new handle, close it; HPy_NULL with an exception set
 *  raises   anything; TypeError if `code` is not a code object or `globals` is not a dict
 *  thread   attached to ctx's interpreter
 *  since    HPy 0.9
 *  source   PyEval_EvalCode of the C API
 */
static inline HPy HPy_EvalCode(HPyContext* ctx, HPy code, HPy globals, HPy locals) {
    return HPY_FUNCTION(ctx, EvalCode)(ctx, code, globals, locals);
}

#ifdef __cplusplus
}
#endif
