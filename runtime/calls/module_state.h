/// runtime/calls/module_state.h: the memory that CPython keeps for each module of this runtime.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

#include <hpy/context.h>

namespace hpystate {

/// The state of a module object. CPython allocates it, all zero, before the first exec slot, which
/// sets the context. Other code may see a state without one: Python code that the slot of a file
/// for the CPython ABI runs when it imports the runtime, whoever keeps a module whose slot has
/// failed, and without the GIL any thread.
struct ModuleState {
    /// The plain context of the module's interpreter, with which its functions are called. A mode
    /// (debug, trace) is not here but in the thunks of the functions: calls/layer.h.
    HPyContext* context;

    /// Sets the context, and counts it in `leaders`. While something leads to a context, its region
    /// is not given to another interpreter: a module may outlive its interpreter if the main
    /// interpreter holds it.
    void lead_to(Region& region) noexcept {
        // relaxed: written by a thread of the region's owner, which has not ended. Exec slots may
        // run twice.
        if (context == nullptr) region.leaders.fetch_add(1, std::memory_order_relaxed);
        context = &region.context();
    }
};

/// The m_free of every definition with this state.
inline void release_module_state(void* module) noexcept {
    auto* const state =
        static_cast<ModuleState*>(PyModule_GetState(static_cast<PyObject*>(module)));
    if (state == nullptr || state->context == nullptr) return;
    // release: pairs with the acquire in is_led_to(): the last call through it has returned.
    Region::of(state->context)->leaders.fetch_sub(1, std::memory_order_release);
}

} // namespace hpystate
