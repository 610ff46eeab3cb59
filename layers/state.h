/// layers/state.h: finding what a layer keeps for the calling interpreter.
#pragma once

#include <Python.h>

#include "context/exception.h"
#include "interp_state/current.h"

#include <atomic>
#include <cstddef>

namespace hpystate::layers {

/// Indexes of Region::layers.
inline constexpr std::size_t kTrace = 0;
inline constexpr std::size_t kDebug = 1;

/// The state of a layer for the calling interpreter, made at the first call. `State` derives from
/// LayerState and has a constructor State(Region&) that throws nothing but std::bad_alloc.
/// nullptr with an exception set: MemoryError, or SystemError where the interpreter has no region.
template <typename State>
[[nodiscard]] State* state_of_caller(std::size_t layer) noexcept {
    Region* const region = current_region();
    if (region == nullptr) {
        PyErr_SetString(PyExc_SystemError,
                        "hpystate: this interpreter loaded no HPy extension; a layer has nothing "
                        "to wrap here.");
        return nullptr;
    }
    std::atomic<LayerState*>& place = region->layers[layer];
    // acquire: pairs with the release below; the state is made.
    LayerState* there = place.load(std::memory_order_acquire);
    if (there != nullptr) [[likely]]
        return static_cast<State*>(there);
    State* const made = guarded<State*>(nullptr, [=] { return new State(*region); });
    if (made == nullptr || place.compare_exchange_strong(there, made, std::memory_order_acq_rel))
        return made;
    delete made; // another thread of this interpreter was first
    return static_cast<State*>(there);
}

} // namespace hpystate::layers
