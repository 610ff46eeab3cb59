/// interp_state/current.h: finds the region of the calling interpreter, with a context or without.
#pragma once

#include <Python.h>

#include "interp_state/directory.h"
#include "interp_state/region.h"
#include "runtime/cpython/interpreter_end.h"
#include "runtime/cpython/versions.h"

namespace hpystate {

/// From a context: an address and an offset. The hot path.
[[nodiscard]] inline Region* current_region(HPyContext* context) noexcept {
    return Region::of(context);
}

/// The interpreter that the calling thread is attached to; nullptr where it is attached to none.
[[nodiscard]] inline PyInterpreterState* current_interpreter() noexcept {
    const PyThreadState* const state = thread_state_or_null();
    return state != nullptr ? state->interp : nullptr;
}

/// Without a context: by thread state, interpreter and directory. nullptr where the thread is not
/// attached, or its interpreter has no region. Writes nothing and runs no Python code.
[[nodiscard]] inline Region* current_region() noexcept {
    const PyInterpreterState* const interpreter = current_interpreter();
    if (interpreter == nullptr) [[unlikely]]
        return nullptr;
    const Lookup found = region_of(interpreter);
    if (found.phase != Region::Phase::kDying) [[likely]]
        return found.region;
    // Dying: its interpreter is in its last collection; or that interpreter is gone, and a new one
    // at the same address has not loaded an extension yet.
    return is_ending() ? found.region : nullptr;
}

} // namespace hpystate
