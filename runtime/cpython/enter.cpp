/// runtime/cpython/enter.cpp: by PEP 788, or by states of threads and a count.
#include <Python.h>

#include "runtime/cpython/enter.h"

#include "runtime/cpython/versions.h"

#include <unistd.h>

namespace hpystate {

bool InterpreterView::open() noexcept {
    interpreter_ = PyInterpreterState_Get();
    id_ = PyInterpreterState_GetID(interpreter_);
#if PY_VERSION_HEX >= 0x030F0000
    view_ = PyInterpreterView_FromCurrent();
    return view_ != nullptr;
#elif PY_VERSION_HEX < 0x030E0000
    idle_ = PyThreadState_New(interpreter_);
    if (idle_ == nullptr) {
        PyErr_NoMemory();
        return false;
    }
    idle_->thread_id = 0; // of nobody: PyThreadState_SetAsyncExc looks for the calling thread's
    return true;
#else
    return true;
#endif
}

bool InterpreterView::is_attached_here() const noexcept {
    const PyThreadState* const now = thread_state_or_null();
    return now != nullptr && now->interp == interpreter_ &&
           PyInterpreterState_GetID(now->interp) == id_;
}

void InterpreterView::close_without_waiting() noexcept {
    state_.fetch_or(kClosed, std::memory_order_acq_rel);
}

void stop_thread() noexcept {
    for (;;)
        pause();
}

#if PY_VERSION_HEX >= 0x030F0000

bool InterpreterView::enter(Entered& entered) noexcept {
    entered.token = PyThreadState_EnsureFromView(view_);
    return entered.token != nullptr;
}

void InterpreterView::leave(const Entered& entered) noexcept {
    PyThreadState_Release(entered.token);
}

void InterpreterView::close() noexcept {
    close_without_waiting(); // CPython waits for the guards
}

#else

bool InterpreterView::enter(Entered& entered) noexcept {
    if ((state_.fetch_add(1, std::memory_order_acq_rel) & kClosed) != 0) {
        state_.fetch_sub(1, std::memory_order_release);
        return false;
    }
    entered.made = nullptr;
    entered.before = thread_state_or_null() != nullptr ? PyEval_SaveThread() : nullptr;
    // The state that the thread was attached to last: its own for that interpreter, where C code
    // has detached it and calls back.
    PyThreadState* state = PyGILState_GetThisThreadState();
    if (state == nullptr || state->interp != interpreter_) {
        state = entered.made = PyThreadState_New(interpreter_);
        if (state == nullptr)
            Py_FatalError("entering an interpreter: no memory for a thread state");
    }
    PyEval_RestoreThread(state);
    return true;
}

void InterpreterView::leave(const Entered& entered) noexcept {
    if (entered.made != nullptr) {
        PyThreadState_Clear(entered.made);
        PyThreadState_DeleteCurrent();
    } else {
        PyEval_SaveThread();
    }
    state_.fetch_sub(1, std::memory_order_release); // the interpreter may be gone from here on
    if (entered.before != nullptr) PyEval_RestoreThread(entered.before);
}

void InterpreterView::close() noexcept {
    close_without_waiting();
    if (state_.load(std::memory_order_acquire) != kClosed) {
        PyThreadState* const own = PyEval_SaveThread(); // who is inside needs the GIL to leave
        while (state_.load(std::memory_order_acquire) != kClosed)
            usleep(500);
        PyEval_RestoreThread(own);
    }
#if PY_VERSION_HEX < 0x030E0000
    if (idle_ == nullptr) return;
    PyThreadState_Clear(idle_);
    PyThreadState_Delete(idle_);
    idle_ = nullptr;
#endif
}

#endif

} // namespace hpystate
