/// runtime/layers/trace/trace.h: the trace layer: how often and how long each function of the
/// context ran.
///
/// One context per interpreter, handles as in the plain one. Each function counts, takes the time,
/// and calls the hooks of the interpreter around the plain function:
///
///     on_enter(name) --> plain function --> on_exit(name)
///
/// Hooks are Python functions, so they run on attached threads only: events of a detached thread
/// are reported when it attaches again. An exception of a hook is unraisable; the caller's own is
/// kept. While a hook runs, its own thread calls no hooks.
#pragma once

#include <Python.h>

#include "interp_state/context_head.h"
#include "interp_state/region.h"
#include "runtime/abi/context_functions.h"
#include "runtime/calls/layer.h"
#include "runtime/context/fused.h"

#include <hpy/context.h>
#include <hpystate/fused_table.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>

namespace hpystate::layers {

/// The fused calls of every context of trace mode.
extern const hpystate_fused_table kTraceFusedCalls;

/// The name of every trace context.
inline constexpr char kTraceName[] = "HPy Trace Mode ABI (hpystate)";

/// What is traced, as a number: the functions of the context, then the fused calls.
inline constexpr std::size_t kTracedCount = kFunctionCount + std::size(context::kFusedNames);

[[nodiscard]] constexpr std::size_t traced(ContextFunction function) noexcept {
    return static_cast<std::size_t>(function);
}

[[nodiscard]] constexpr std::size_t traced(context::Fused fused) noexcept {
    return kFunctionCount + static_cast<std::size_t>(fused);
}

struct TraceState : LayerState, ContextHead {
    explicit TraceState(Region& region);

    HPyContext context; ///< its _private points to the head
    HPyContext* plain;

    /// Written by every thread that runs in the interpreter, attached or not: atomic, relaxed,
    /// since the numbers order nothing.
    std::array<std::atomic<std::uint64_t>, kTracedCount> calls{};
    std::array<std::atomic<std::uint64_t>, kTracedCount> nanoseconds{};

    PyObject* on_enter = nullptr; ///< owned; read and written by attached threads
    PyObject* on_exit = nullptr;

    [[nodiscard]] static TraceState& of(HPyContext* context) noexcept;
};

/// Measures one call and calls the hooks; the end of its scope is the end of the call.
class TracedCall {
  public:
    TracedCall(TraceState& state, std::size_t index) noexcept;
    TracedCall(const TracedCall&) = delete;
    TracedCall& operator=(const TracedCall&) = delete;
    ~TracedCall();

  private:
    TraceState& state_;
    std::size_t index_; ///< what traced() returned
    std::chrono::steady_clock::time_point start_;
};

/// For the thunks of modules in trace mode.
extern const Layer trace_layer; // NOLINT(readability-identifier-naming): known by its address

/// The state of the calling interpreter; nullptr with an exception set.
[[nodiscard]] TraceState* trace_state() noexcept;

/// The functions of hpy.universal._trace.
[[nodiscard]] PyMethodDef* trace_methods() noexcept;

} // namespace hpystate::layers
