/// layers/trace.h: the trace layer: how often and how long each function of the context ran.
///
/// One context per interpreter, handles as in the plain one. Each function counts, takes the time,
/// and calls the hooks of the interpreter around the plain function:
///
///     on_enter(name) --> plain function --> on_exit(name)
///
/// Hooks are Python functions, so they wait for a thread that is attached: what LeavePython hides
/// is told after Reenter. An exception of a hook is unraisable; the caller's own is kept. While a
/// hook runs, its own thread calls no hooks.
#pragma once

#include <Python.h>

#include "abi/slots.h"
#include "context/layer.h"
#include "interp_state/region.h"

#include <hpy/context.h>

#include <array>
#include <atomic>
#include <cstdint>

namespace hpystate::layers {

struct TraceState : LayerState {
    explicit TraceState(Region& region);

    HPyContext context; ///< its _private leads here
    HPyContext* plain;

    /// Written by every thread that runs in the interpreter, attached or not: atomic, relaxed,
    /// since the numbers order nothing.
    std::array<std::atomic<std::uint64_t>, kSlotCount> calls{};
    std::array<std::atomic<std::uint64_t>, kSlotCount> nanoseconds{};

    PyObject* on_enter = nullptr; ///< owned; read and written by attached threads
    PyObject* on_exit = nullptr;

    [[nodiscard]] static TraceState& of(HPyContext* context) noexcept;
};

/// For the thunks of modules in trace mode.
extern const Layer trace_layer;

/// The state of the calling interpreter; nullptr with an exception set.
[[nodiscard]] TraceState* trace_state() noexcept;

/// The functions of hpy.universal._trace.
[[nodiscard]] PyMethodDef* trace_methods() noexcept;

} // namespace hpystate::layers
