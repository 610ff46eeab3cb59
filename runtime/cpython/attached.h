/// runtime/cpython/attached.h: conditions under which Python's API may be called; for
/// HPYSTATE_CHECK.
#pragma once

#include <Python.h>

#include "globals/check.h"
#include "globals/locks.h"
#include "runtime/cpython/versions.h"

namespace hpystate {

/// Whether the calling thread is attached to an interpreter: it has the GIL, where there is one.
[[nodiscard]] inline bool is_attached() noexcept {
    return thread_state_or_null() != nullptr;
}

/// Whether it is attached to that interpreter.
[[nodiscard]] inline bool is_attached_to(const PyInterpreterState* interpreter) noexcept {
    const PyThreadState* const state = thread_state_or_null();
    return state != nullptr && state->interp == interpreter;
}

/// Whether Python code may run: the thread is attached and holds no lock of ours.
[[nodiscard]] inline bool may_run_python() noexcept {
    return is_attached() && holds_no_lock();
}

} // namespace hpystate
