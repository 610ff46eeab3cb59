/// runtime/layers/debug/fused.cpp: the fused calls in debug mode: one template, and the exceptions.
///
/// As for the functions of the context: operands are unwrapped, globals checked, and a handle is
/// opened for a result that is one.
#include "runtime/context/fused.h"

#include "runtime/abi/upstream_messages.h"
#include "runtime/context/first_value.h"
#include "runtime/layers/debug/array.h"
#include "runtime/layers/debug/call.h"
#include "runtime/layers/debug/globals.h"
#include "runtime/types/shape.h"

#include <type_traits>

namespace hpystate::layers {

namespace {

using context::Fused;
using context::kPlainFusedCalls;

void check(const Call& call, HPyGlobal global) noexcept {
    check_load(call.state(), global, call.where());
}

template <Fused F, auto Member>
struct Watched;

template <Fused F, typename R, typename... A, R (*hpystate_fused_table::*Member)(HPyContext*, A...)>
struct Watched<F, Member> {
    template <typename T>
    static void check_global(const Call& call, T value) noexcept {
        if constexpr (std::is_same_v<T, HPyGlobal>) check(call, value);
    }

    static R call(HPyContext* context, A... args) noexcept {
        static_assert(((kPlain<A> || std::is_same_v<A, HPyGlobal>)&&...),
                      "this call needs a function of its own: Entry");
        const Call call(context, name_of(F));
        (check_global(call, args), ...);
        const auto function = kPlainFusedCalls.*Member;
        if constexpr (std::is_same_v<R, HPy>) {
            return call.out(function(call.plain(), call.in(args)...));
        } else {
            return function(call.plain(), call.in(args)...);
        }
    }
};

HPy own_HPyType_GenericNew_g(HPyContext* context, HPyGlobal type, const HPy* args,
                             HPy_ssize_t nargs, HPy kw) noexcept {
    const Call call(context, name_of(Fused::HPyType_GenericNew_g));
    check(call, type);
    return call_with_array(call, args, nargs, [&](const HPy* plain) {
        return kPlainFusedCalls.HPyType_GenericNew_g(call.plain(), type, plain, nargs, call.in(kw));
    });
}

HPy own_HPy_Call_g(HPyContext* context, HPyGlobal callable, const HPy* args, std::size_t nargs,
                   HPy kwnames) noexcept {
    const Call call(context, name_of(Fused::HPy_Call_g));
    check(call, callable);
    return call_with_keywords(
        call, args, nargs, kwnames, upstream::kCallNames, [&](const HPy* plain, HPy names) {
            return kPlainFusedCalls.HPy_Call_g(call.plain(), callable, plain, nargs, names);
        });
}

HPy own_HPy_CallMethod_g(HPyContext* context, HPyGlobal name, const HPy* args, std::size_t nargs,
                         HPy kwnames) noexcept {
    const Call call(context, name_of(Fused::HPy_CallMethod_g));
    check(call, name);
    return call_with_keywords(
        call, args, nargs, kwnames, upstream::kCallMethodNames, [&](const HPy* plain, HPy names) {
            return kPlainFusedCalls.HPy_CallMethod_g(call.plain(), name, plain, nargs, names);
        });
}

HPy own_HPy_CallMethod_s(HPyContext* context, const char* utf8_name, const HPy* args,
                         std::size_t nargs, HPy kwnames) noexcept {
    const Call call(context, name_of(Fused::HPy_CallMethod_s));
    return call_with_keywords(
        call, args, nargs, kwnames, upstream::kCallMethodNames, [&](const HPy* plain, HPy names) {
            return kPlainFusedCalls.HPy_CallMethod_s(call.plain(), utf8_name, plain, nargs, names);
        });
}

void* own_HPy_AsStruct_g(HPyContext* context, HPyGlobal value,
                         HPyType_BuiltinShape shape) noexcept {
    const Call call(context, name_of(Fused::HPy_AsStruct_g));
    check(call, value);
    PyObject* const object = lend_value(*call.state().region, context::token_of(value));
    if (object == nullptr || !is_shape(shape)) { // raises
        return kPlainFusedCalls.HPy_AsStruct_g(call.plain(), value, shape);
    }
    return struct_or_report(call, object, shape);
}

std::int32_t own_HPyContextVar_Get_g(HPyContext* context, HPyGlobal variable, HPy default_value,
                                     HPy* result) noexcept {
    const Call call(context, name_of(Fused::HPyContextVar_Get_g));
    check(call, variable);
    HPy found = kNullHandle;
    const std::int32_t status = kPlainFusedCalls.HPyContextVar_Get_g(
        call.plain(), variable, call.in(default_value), result != nullptr ? &found : nullptr);
    return call.out_to(result, found, status);
}

HPy own_HPyGlobal_Borrow(HPyContext* context, HPyGlobal global) noexcept {
    const Call call(context, name_of(Fused::HPyGlobal_Borrow));
    check(call, global);
    const HPy lent = kPlainFusedCalls.HPyGlobal_Borrow(call.plain(), global);
    if (lent._i == 0) return kNullHandle;
    return call.state().borrow(context::token_of(global).bits(), as_object(lent));
}

/// The initializer runs in debug mode too: its handle is one of debug mode.
struct DebugInitializer {
    HPyContext* context;
    HPyGlobal_Initializer init;
    void* arg;

    static PyObject* make(void* data) noexcept {
        const auto& self = *static_cast<const DebugInitializer*>(data);
        return debug_layer.take(self.context, self.init(self.context, self.arg));
    }
};

HPy own_HPyGlobal_LoadOrInit(HPyContext* context, HPyGlobal* global, HPyGlobal_Initializer init,
                             void* arg) noexcept {
    const Call call(context, name_of(Fused::HPyGlobal_LoadOrInit));
    if (!context::check_initializer(global, init != nullptr)) return kNullHandle;
    check_store(call.state(), global, nullptr, call.where());
    DebugInitializer initializer{context, init, arg};
    return call.out(as_handle(context::first_value(
        call.plain(), global, {&DebugInitializer::make, &initializer}, call.where())));
}

HPy own_HPyGlobal_Import(HPyContext* context, HPyGlobal* global, const char* utf8_module,
                         const char* utf8_attribute) noexcept {
    const Call call(context, name_of(Fused::HPyGlobal_Import));
    if (global != nullptr) check_store(call.state(), global, nullptr, call.where());
    return call.out(
        kPlainFusedCalls.HPyGlobal_Import(call.plain(), global, utf8_module, utf8_attribute));
}

} // namespace

namespace {

/// The function for a call: its own if it is listed below, else the template's.
template <Fused F, auto Member>
struct Entry {
    static constexpr auto get() noexcept { return &Watched<F, Member>::call; }
};

#define HPYSTATE_OWN(name)                                                                         \
    template <auto Member>                                                                         \
    struct Entry<Fused::name, Member> {                                                            \
        static constexpr auto get() noexcept { return &own_##name; }                               \
    };
HPYSTATE_OWN(HPyType_GenericNew_g)
HPYSTATE_OWN(HPy_Call_g)
HPYSTATE_OWN(HPy_CallMethod_g)
HPYSTATE_OWN(HPy_CallMethod_s)
HPYSTATE_OWN(HPy_AsStruct_g)
HPYSTATE_OWN(HPyContextVar_Get_g)
HPYSTATE_OWN(HPyGlobal_Borrow)
HPYSTATE_OWN(HPyGlobal_LoadOrInit)
HPYSTATE_OWN(HPyGlobal_Import)
#undef HPYSTATE_OWN

} // namespace

constexpr hpystate_fused_table kDebugFusedCalls = {
#define HPY_FUSED(ret, name, params, args, global, failed, unfused)                                \
    Entry<Fused::name, &hpystate_fused_table::name>::get(),
#define HPY_FUSED_OWN(ret, name, params, args)                                                     \
    Entry<Fused::name, &hpystate_fused_table::name>::get(),
#include <hpystate/fused.def>
};

} // namespace hpystate::layers
