/// runtime/calls/module_state.h: what CPython keeps for a module that we made.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

#include <hpy/context.h>

namespace hpystate {

/// The state of a module object; zero until its first exec slot, ours, has run.
struct ModuleState {
    /// The context that the module's functions are called with. It says which interpreter and, once
    /// there are layers, which of them: the mode belongs to the module object, not to the file.
    HPyContext* context;

    /// Sets the plain context of a version, and counts it: what leads to a context keeps its region
    /// from serving another interpreter, since an object may outlive its own, in the hands of main.
    void lead_to(Region& region, Version version = kTrunk) noexcept {
        // relaxed: by a thread of the owner, which has not ended. Exec slots may run twice.
        if (context == nullptr) region.leaders.fetch_add(1, std::memory_order_relaxed);
        context = &region.row(version).context;
    }
};

/// m_free of every definition with such a state, for contexts of one version.
template <Version V = kTrunk>
void release_module_state(void* module) noexcept {
    auto* const state =
        static_cast<ModuleState*>(PyModule_GetState(static_cast<PyObject*>(module)));
    if (state == nullptr || state->context == nullptr) return;
    // release: pairs with the acquire in is_led_to(): the last call through it has returned.
    Region::of<V>(state->context)->leaders.fetch_sub(1, std::memory_order_release);
}

} // namespace hpystate
