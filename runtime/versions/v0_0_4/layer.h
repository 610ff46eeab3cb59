/// runtime/versions/v0_0_4/layer.h: how functions of a 0.0.4 file are called.
///
/// They take a context of 0.0.4, and a function with arguments may write to the array that it gets.
/// So they are called by layered thunks (runtime/calls/layer.h), which copy arguments and get the
/// context from a layer: it asks the layer below for a context of 0.9, and puts one of 0.0.4 around
/// it. Below is nothing (plain), debug or trace mode:
///
///     CPython --> layered thunk --> enter(): plain, debug or trace context of 0.9
///                                            context of 0.0.4 around it
///                                --> impl(context of 0.0.4, ...)
#pragma once

#include "interp_state/context_head.h"
#include "runtime/calls/layer.h"
#include "runtime/versions/v0_0_4/abi.h"

namespace hpystate::v0_0_4 {

/// The layer for functions of 0.0.4 in a mode. `mode` is debug_layer, trace_layer, or nullptr for
/// plain.
[[nodiscard]] const Layer& layer_in(const Layer* mode) noexcept;

/// The context of 0.0.4 around one of 0.9, whose kind is `kind`: it has the same handles, and is
/// valid as long as that one is. nullptr with an exception set: no memory, which a plain context
/// does not need.
[[nodiscard]] ::HPyContext* around(::HPyContext* trunk, ContextKind kind) noexcept;

/// A context that `layer.enter()` returned, as one of 0.0.4.
[[nodiscard]] inline HPyContext* as_old(::HPyContext* context) noexcept {
    return reinterpret_cast<HPyContext*>(context);
}

} // namespace hpystate::v0_0_4
