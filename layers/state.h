/// layers/state.h: finding what a layer keeps for the calling interpreter.
#pragma once

#include <Python.h>

#include "context/exception.h"
#include "interp_state/current.h"

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
    if (region->layers[layer] == nullptr) {
        region->layers[layer] = guarded<State*>(nullptr, [=] { return new State(*region); });
    }
    return static_cast<State*>(region->layers[layer]);
}

} // namespace hpystate::layers
