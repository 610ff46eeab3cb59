/// runtime/cpython/enter.cpp: by PEP 788, or by states of threads.
#include <Python.h>

#include "runtime/cpython/enter.h"

#include "runtime/cpython/versions.h"

#include <unistd.h>

namespace hpystate {

bool InterpreterView::open() noexcept {
#if PY_VERSION_HEX >= 0x030F0000
    view_ = PyInterpreterView_FromCurrent();
    if (view_ == nullptr) return false;
#endif
    interpreter_.store(PyInterpreterState_Get(), std::memory_order_release);
    return true;
}

void stop_thread() noexcept {
    for (;;)
        pause();
}

#if PY_VERSION_HEX >= 0x030F0000

bool enter(const InterpreterView& view, Entered& entered) noexcept {
    if (view.view() == nullptr) return false;
    entered.token = PyThreadState_EnsureFromView(view.view());
    return entered.token != nullptr;
}

void leave(const Entered& entered) noexcept {
    PyThreadState_Release(entered.token);
}

#else

bool enter(const InterpreterView& view, Entered& entered) noexcept {
    PyInterpreterState* const interpreter = view.interpreter();
    if (interpreter == nullptr) return false;
    entered.before = thread_state_or_null() != nullptr ? PyEval_SaveThread() : nullptr;
    // The state that the thread was attached to last: its own for that interpreter, where C code
    // has detached it and calls back.
    PyThreadState* state = PyGILState_GetThisThreadState();
    if (state == nullptr || state->interp != interpreter) {
        state = entered.made = PyThreadState_New(interpreter);
        if (state == nullptr)
            Py_FatalError("entering an interpreter: no memory for a thread state");
    }
    PyEval_RestoreThread(state);
    return true;
}

void leave(const Entered& entered) noexcept {
    if (entered.made != nullptr) {
        PyThreadState_Clear(entered.made);
        PyThreadState_DeleteCurrent();
    } else {
        PyEval_SaveThread();
    }
    if (entered.before != nullptr) PyEval_RestoreThread(entered.before);
}

#endif

} // namespace hpystate
