/// runtime/layers/trace/fused.cpp: the fused calls in trace mode, counted and timed under their
/// names.
#include "runtime/context/fused.h"

#include "runtime/calls/handle.h"
#include "runtime/context/first_value.h"
#include "runtime/layers/trace/trace.h"

namespace hpystate::layers {

namespace {

using context::Fused;

template <Fused F, auto Member>
struct Traced;

template <Fused F, typename R, typename... A, R (*hpystate_fused_table::*Member)(HPyContext*, A...)>
struct Traced<F, Member> {
    static R call(HPyContext* context, A... args) noexcept {
        TraceState& state = TraceState::of(context);
        const TracedCall call(state, traced(F));
        return (context::kPlainFusedCalls.*Member)(state.plain, args...);
    }
};

/// The initializer is traced too: it gets the traced context.
HPy initialize_traced(HPyContext* context, HPyGlobal* global, HPyGlobal_Initializer init,
                      void* arg) noexcept {
    TraceState& state = TraceState::of(context);
    const TracedCall call(state, traced(Fused::HPyGlobal_LoadOrInit));
    if (!context::check_initializer(global, init != nullptr)) return kNullHandle;
    context::Initializer initializer{context, init, arg};
    return as_handle(context::first_value(state.plain, global, initializer.maker(),
                                          name_of(Fused::HPyGlobal_LoadOrInit)));
}

template <Fused F, auto Member>
[[nodiscard]] constexpr auto function_for() noexcept {
    if constexpr (F == Fused::HPyGlobal_LoadOrInit) {
        return &initialize_traced;
    } else {
        return &Traced<F, Member>::call;
    }
}

} // namespace

constexpr hpystate_fused_table kTraceFusedCalls = {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused)                                \
    function_for<Fused::name, &hpystate_fused_table::name>(),
#define HPY_FUSED_OWN(ret, name, params, args)                                                     \
    function_for<Fused::name, &hpystate_fused_table::name>(),
#include <hpystate/fused.def>
};

} // namespace hpystate::layers
