/// runtime/context/thread.cpp: letting other threads run Python while this one does not.
#include <Python.h>

#include "runtime/context/functions.h"

#include <cstdint>

namespace hpystate::context {

HPyThreadState ctx_LeavePythonExecution(HPyContext*) noexcept {
    return HPyThreadState{reinterpret_cast<std::intptr_t>(PyEval_SaveThread())};
}

void ctx_ReenterPythonExecution(HPyContext*, HPyThreadState state) noexcept {
    PyEval_RestoreThread(reinterpret_cast<PyThreadState*>(state._i));
}

} // namespace hpystate::context
