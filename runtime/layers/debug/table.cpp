/// runtime/layers/debug/table.cpp: debug mode's context functions: one template, and the
/// exceptions that own.def lists; here those for handles and for what runs in debug mode.
///
/// The template checks the context, unwraps every handle, calls the plain function, and opens a
/// handle for what it returns. It does not compile for a parameter that may contain handles: for
/// those own.def lists a function, by HPYSTATE_OWN.
#include "runtime/calls/handle.h"
#include "runtime/context/call_function.h"
#include "runtime/cpython/guarded.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/own.h"
#include "runtime/layers/debug/state.h"
#include "runtime/types/shape.h"
#include "runtime/versions/v0_9/type.h"

#include <memory>
#include <type_traits>
#include <vector>

namespace hpystate::layers {

namespace {

template <ContextFunction F, auto Member>
struct Watched;

template <ContextFunction F, typename R, typename... A, R (*HPyContext::*Member)(HPyContext*, A...)>
struct Watched<F, Member> {
    static R call(HPyContext* context, A... args) noexcept {
        static_assert((kPlain<A> && ...), "this function needs one of its own: HPYSTATE_OWN");
        const Call call(context, F);
        HPyContext* const plain = call.plain();
        if constexpr (std::is_same_v<R, HPy>) {
            return call.out((plain->*Member)(plain, call.in(args)...));
        } else {
            return (plain->*Member)(plain, call.in(args)...);
        }
    }
};

/// Another shape has its struct at another place, so the extension would read the wrong bytes.
template <ContextFunction F, Shape Wanted>
struct StructOf {
    static void* call(HPyContext* context, HPy h) noexcept {
        const Call call(context, F);
        PyObject* const object = call.object(h);
        return object != nullptr ? struct_or_report(call, object, Wanted) : nullptr;
    }
};

/// The function of the debug context: its own if own.def lists it, else the template's.
template <ContextFunction F, auto Member>
struct Entry {
    static constexpr auto get() noexcept { return &Watched<F, Member>::call; }
};

#define HPYSTATE_OWN(name)                                                                         \
    template <auto Member>                                                                         \
    struct Entry<ContextFunction::name, Member> {                                                  \
        static constexpr auto get() noexcept { return &own_##name; }                               \
    };
#include "runtime/layers/debug/own.def"

#define HPY_SHAPE(name, value)                                                                     \
    template <auto Member>                                                                         \
    struct Entry<ContextFunction::AsStruct_##name, Member> {                                       \
        static constexpr auto get() noexcept {                                                     \
            return &StructOf<ContextFunction::AsStruct_##name, HPyType_BuiltinShape_##name>::call; \
        }                                                                                          \
    };
#include <hpy/abi/shapes.def>

} // namespace

// ---- handles ----

void own_Close(HPyContext* context, HPy h) noexcept {
    const Call call(context, ContextFunction::Close);
    if (h._i != 0) Py_XDECREF(call.state().close(h, call.where()));
}

std::int32_t own_ContextVar_Get(HPyContext* context, HPy variable, HPy default_value,
                                HPy* result) noexcept {
    const Call call(context, ContextFunction::ContextVar_Get);
    HPy found = kNullHandle;
    const std::int32_t status =
        call.plain()->ctx_ContextVar_Get(call.plain(), call.in(variable), call.in(default_value),
                                         result != nullptr ? &found : nullptr);
    return call.out_to(result, found, status);
}

// ---- types: their functions run in debug mode ----

HPy own_Type_FromSpec(HPyContext* context, HPyType_Spec* spec, HPyType_SpecParam* params) noexcept {
    const Call call(context, ContextFunction::Type_FromSpec);
    std::vector<HPyType_SpecParam> plain;
    const bool complete = guarded(false, [&] {
        for (; params != nullptr && params->kind != 0; ++params)
            plain.push_back({params->kind, call.in(params->object)});
        plain.push_back({static_cast<HPyType_SpecParam_Kind>(0), kNullHandle});
        return true;
    });
    if (!complete) return kNullHandle;
    const Site site{false, &debug_layer, call.plain()};
    return call.state().open(v0_9::type_from_spec(spec, plain.data(), site));
}

int own_SetCallFunction(HPyContext* context, HPy h, HPyCallFunction* function) noexcept {
    const Call call(context, ContextFunction::SetCallFunction);
    return context::set_call_function_or_fail(call.in(h), function, Site{false, &debug_layer});
}

/// A file's trampoline calls with the context that the file was given: never this one.
void own_CallRealFunctionFromTrampoline(HPyContext* context, HPyFunc_Signature signature,
                                        HPyCFunction function, void* args) noexcept {
    HPyContext* const plain = DebugContext::of(context).plain;
    plain->ctx_CallRealFunctionFromTrampoline(plain, signature, function, args);
}

// ---- the context ----

void install_debug(HPyContext& context, DebugState& state) {
    context = state.region->context();
    context.name = kDebugName;
#define HPY_FUNC(ret, name, params)                                                                \
    context.ctx_##name = Entry<ContextFunction::name, &HPyContext::ctx_##name>::get();
#define HPY_HANDLE(name)                                                                           \
    state.constants_.push_back(std::make_unique<DebugHandle>());                                   \
    state.constants_.back()->state = &state;                                                       \
    state.constants_.back()->life = DebugHandle::Life::kConstant;                                  \
    state.constants_.back()->object = as_object(context.h_##name);                                 \
    context.h_##name = state.constants_.back()->handle();
#include <hpy/abi/hpy_0_9.def>
}

} // namespace hpystate::layers
