/// tests/interp_state/interpreters.h: interpreters for the tests, made by the embedding API.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "runtime/versions/v0_9/contexts.h"
#include "tests/catch.h"

#include <hpy/context.h>

#include <cstdint>
#include <thread>
#include <utility>

namespace hpystate::testing {

/// Python, from Py_Initialize to Py_FinalizeEx.
class Runtime {
  public:
    Runtime() { Py_InitializeEx(0); }
    Runtime(const Runtime&) = delete;
    Runtime& operator=(const Runtime&) = delete;
    ~Runtime() { CHECK(Py_FinalizeEx() == 0); }
};

/// A subinterpreter; the thread is attached to it until close() or the end of the scope.
class Subinterpreter {
  public:
    explicit Subinterpreter(bool own_gil = true) : before_(PyThreadState_Get()) {
        PyInterpreterConfig config{};
        config.use_main_obmalloc = own_gil ? 0 : 1;
        config.allow_threads = 1;
        // Builds without the GIL have no subinterpreter in which all extensions may be imported.
        config.check_multi_interp_extensions = own_gil || kNoGil ? 1 : 0;
        config.gil = own_gil ? PyInterpreterConfig_OWN_GIL : PyInterpreterConfig_SHARED_GIL;
        const PyStatus status = Py_NewInterpreterFromConfig(&state_, &config);
        REQUIRE_FALSE(PyStatus_Exception(status));
    }
    Subinterpreter(const Subinterpreter&) = delete;
    Subinterpreter& operator=(const Subinterpreter&) = delete;
    ~Subinterpreter() { close(); }

    void close() {
        if (state_ == nullptr) return;
        Py_EndInterpreter(state_);
        state_ = nullptr;
        PyThreadState_Swap(before_);
    }

    /// On a new thread. From 3.14 on, where that thread's stack lies lower than this one's, its end
    /// takes a thread state of the thread's own: gh-157519.
    void close_on_another_thread(bool by_its_own_state) {
        PyThreadState* const first = std::exchange(state_, nullptr);
        PyThreadState_Swap(before_); // else PyGILState of this thread would go on knowing `first`
        PyEval_SaveThread();
        std::thread([first, by_its_own_state] {
            PyThreadState* ender = first;
            if (by_its_own_state) ender = PyThreadState_New(first->interp);
            PyEval_RestoreThread(ender);
            if (by_its_own_state) {
                PyThreadState_Clear(first);
                PyThreadState_Delete(first);
            }
            Py_EndInterpreter(ender);
        }).join();
        PyEval_RestoreThread(before_);
    }

    [[nodiscard]] PyInterpreterState* interpreter() const { return state_->interp; }

  private:
    PyThreadState* before_;
    PyThreadState* state_ = nullptr;
};

/// The plain context of the interpreter that the thread is attached to.
inline HPyContext* enter() {
    Region* const region = context::enter_interpreter();
    REQUIRE(region != nullptr);
    return &region->context();
}

inline void store(HPyContext* ctx, HPyGlobal& global, PyObject* object) {
    ctx->ctx_Global_Store(ctx, &global, HPy{reinterpret_cast<std::intptr_t>(object)});
}

/// What a load gives, as an object whose reference was given back: compare it, do not use it.
inline PyObject* load(HPyContext* ctx, HPyGlobal global) {
    const HPy handle = ctx->ctx_Global_Load(ctx, global);
    ctx->ctx_Close(ctx, handle);
    return reinterpret_cast<PyObject*>(handle._i);
}

/// A callback for the end of the interpreter that the thread is attached to.
inline void register_exit(void (*callback)(void*), void* data) {
#if PY_VERSION_HEX >= 0x030D0000
    REQUIRE(PyUnstable_AtExit(PyInterpreterState_Get(), callback, data) == 0);
#else
    REQUIRE(_Py_AtExit(PyInterpreterState_Get(), callback, data) == 0);
#endif
}

/// An object that counts its end in `counter`, a capsule.
inline PyObject* counted(int* counter) {
    return PyCapsule_New(counter, nullptr, [](PyObject* capsule) {
        ++*static_cast<int*>(PyCapsule_GetPointer(capsule, nullptr));
    });
}

} // namespace hpystate::testing
