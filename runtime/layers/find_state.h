/// runtime/layers/find_state.h: finding what a layer keeps for the calling interpreter.
#pragma once

#include <Python.h>

#include "interp_state/current.h"
#include "runtime/cpython/guarded.h"

#include <atomic>
#include <cstddef>
#include <memory>

namespace hpystate::layers {

/// Indexes of Region::layers.
inline constexpr std::size_t kTrace = 0;
inline constexpr std::size_t kDebug = 1;

/// The state of a layer for the interpreter of a region, made at the first call. `State` derives
/// from LayerState and has a constructor State(Region&) that throws nothing but std::bad_alloc.
/// nullptr with an exception set: MemoryError, or SystemError where `region` is null.
template <typename State>
[[nodiscard]] State* state_of(Region* region, std::size_t layer) noexcept {
    if (region == nullptr) {
        PyErr_SetString(PyExc_SystemError,
                        "hpystate: debug and trace mode have no state in this interpreter, since "
                        "hpystate was not imported in it. Import hpystate here first.");
        return nullptr;
    }
    std::atomic<LayerState*>& place = region->layers[layer];
    // acquire: pairs with the release below; the state is made.
    LayerState* there = place.load(std::memory_order_acquire);
    if (there != nullptr) [[likely]]
        return static_cast<State*>(there);
    State* const made =
        guarded<State*>(nullptr, [=] { return std::make_unique<State>(*region).release(); });
    if (made == nullptr || place.compare_exchange_strong(there, made, std::memory_order_acq_rel))
        return made;
    delete made; // another thread of this interpreter was first
    return static_cast<State*>(there);
}

/// The same for the calling interpreter.
template <typename State>
[[nodiscard]] State* state_of_caller(std::size_t layer) noexcept {
    return state_of<State>(current_region(), layer);
}

/// The same for a call that belongs to the interpreter of a plain context, as an object of main
/// does in a legacy interpreter; to the calling one where `home` is null or its interpreter has
/// ended.
template <typename State>
[[nodiscard]] State* state_of_home(HPyContext* home, std::size_t layer) noexcept {
    Region* const region = home != nullptr ? Region::of(home) : nullptr;
    // acquire: pairs with the release by which a region goes live.
    const bool lives =
        region != nullptr && region->phase.load(std::memory_order_acquire) == Region::Phase::kLive;
    return state_of<State>(lives ? region : current_region(), layer);
}

} // namespace hpystate::layers
