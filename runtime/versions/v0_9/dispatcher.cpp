/// runtime/versions/v0_9/dispatcher.cpp: one forwarding function per function of the list, and the
/// function that trampolines call.
#include <Python.h>

#include "runtime/versions/v0_9/dispatcher.h"

#include "globals/copies.h"
#include "interp_state/current.h"
#include "runtime/abi/context_functions.h"
#include "runtime/calls/anchor.h"
#include "runtime/calls/handle.h"
#include "runtime/calls/recursion.h"
#include "runtime/calls/signature.h"
#include "runtime/calls/thunks.h"
#include "runtime/context/functions.h"
#include "runtime/context/guard.h"
#include "runtime/cpython/in_flight.h"
#include "runtime/cpython/items.h"
#include "runtime/versions/v0_9/callers.h"

#include <array>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <type_traits>

namespace hpystate::context {

namespace {

template <ContextFunction F, auto Member>
struct Forward;

template <ContextFunction F, typename R, typename... A, R (*HPyContext::*Member)(HPyContext*, A...)>
struct Forward<F, Member> {
    static R call(HPyContext*, A... args) noexcept {
        HPyContext& ctx = callers_context(api_name_of(F));
        return (ctx.*Member)(&ctx, args...);
    }
};

void dispatch_trampoline(HPyContext*, HPyFunc_Signature sig, HPyCFunction func,
                         void* args) noexcept;

constexpr HPyContext make_dispatcher() noexcept {
    HPyContext context{};
    context.name = "HPy Universal ABI (hpystate, dispatcher)";
    context.abi_version = HPY_ABI_VERSION;
    context.hpystate_layout = HPYSTATE_LAYOUT_AS_LISTED;
#define HPY_FUNC(ret, name, params)                                                                \
    context.ctx_##name = &Forward<ContextFunction::name, &HPyContext::ctx_##name>::call;
#include <hpy/abi/hpy_0_9.def>
    context.ctx_CallRealFunctionFromTrampoline = &dispatch_trampoline;
    return context;
}

constinit const HPyContext kDispatcher = make_dispatcher();

[[nodiscard]] PyObject* operand(HPy h) noexcept {
    return as_object(h);
}
template <typename T>
[[nodiscard]] T operand(T argument) noexcept {
    return argument;
}

/// The context of a call, by the rule of the thunks (runtime/calls/thunks.h). `ctx` is that of the
/// thread.
template <HPyFunc_Signature F, typename... A>
[[nodiscard]] HPyContext* context_of_call(HPyContext* ctx, HPy self, A... args) noexcept {
    PyObject* const object = as_object(self);
    HPyContext* found = nullptr;
    if (may_have_module(F) && is_module_of_this_copy(object)) {
        const ModuleState* const state = state_of_module(object);
        if (state != nullptr && state->context != nullptr) return state->context;
    }
    if constexpr (F == HPyFunc_NEWFUNC) {
        found = context_of_class(reinterpret_cast<PyTypeObject*>(object));
    } else {
        found = context_of_operands(object, operand(args)...);
    }
    return found != nullptr ? found : ctx;
}

/// For HPyFunc_FREEFUNC, which no slot has: it has no object.
template <HPyFunc_Signature F>
[[nodiscard]] HPyContext* context_of_call(HPyContext* ctx, void*) noexcept {
    return ctx;
}

// ---- what a file's trampoline puts on its stack: its arguments, then room for the result ----

template <typename R, typename... A>
struct Frame;
template <typename R, typename A>
struct Frame<R, A> {
    A a;
    R result;
};
template <typename R, typename A, typename B>
struct Frame<R, A, B> {
    A a;
    B b;
    R result;
};
template <typename R, typename A, typename B, typename C>
struct Frame<R, A, B, C> {
    A a;
    B b;
    C c;
    R result;
};
template <typename R, typename A, typename B, typename C, typename D>
struct Frame<R, A, B, C, D> {
    A a;
    B b;
    C c;
    D d;
    R result;
};
template <typename A>
struct Frame<void, A> {
    A a;
};
template <typename A, typename B>
struct Frame<void, A, B> {
    A a;
    B b;
};

/// The objects in a trampoline's frame, those that context_of_call() looks at.
struct Operands {
    std::array<void*, 4> objects{};
    std::size_t count = 0;

    template <typename T>
    void add(T argument) noexcept {
        if constexpr (std::is_same_v<T, HPy>) objects[count++] = as_object(argument);
    }
};

template <HPyFunc_Signature F, typename Impl = typename SignatureOf<F>::Impl>
struct Call;
template <HPyFunc_Signature F, typename R, typename... A>
struct Call<F, R (*)(HPyContext*, A...)> {
    using Arguments = Frame<R, A...>;

    static void run(HPyContext* ctx, HPyCFunction function, Arguments& frame) noexcept {
        const auto call = [=](A... args) {
            const auto impl = function_cast<typename SignatureOf<F>::Impl>(function);
            return impl(context_of_call<F>(ctx, args...), args...);
        };
        if constexpr (sizeof...(A) == 1) {
            finish(frame, [&] { return call(frame.a); });
        } else if constexpr (sizeof...(A) == 2) {
            finish(frame, [&] { return call(frame.a, frame.b); });
        } else if constexpr (sizeof...(A) == 3) {
            finish(frame, [&] { return call(frame.a, frame.b, frame.c); });
        } else {
            finish(frame, [&] { return call(frame.a, frame.b, frame.c, frame.d); });
        }
    }

    static void collect(Arguments& frame, Operands& into) noexcept {
        into.add(frame.a);
        if constexpr (sizeof...(A) > 1) into.add(frame.b);
        if constexpr (sizeof...(A) > 2) into.add(frame.c);
        if constexpr (sizeof...(A) > 3) into.add(frame.d);
    }

    /// An exception is set.
    static void fail(Arguments& frame) noexcept {
        if constexpr (std::is_same_v<R, HPy>) {
            frame.result = kNullHandle;
        } else if constexpr (!std::is_void_v<R>) {
            frame.result = static_cast<R>(-1);
        }
    }

    template <typename Function>
    static void finish(Arguments& frame, Function&& call) noexcept {
        if constexpr (std::is_void_v<R>) {
            call();
        } else {
            frame.result = call();
        }
    }
};

[[noreturn, gnu::cold]] void stop_at(HPyFunc_Signature signature) noexcept {
    static_cast<void>(std::fprintf(
        stderr,
        "hpystate: a trampoline of an extension was called with signature %d, which is unknown or "
        "never called through a trampoline. Compile the extension with the headers of HPy 0.9.\n",
        static_cast<int>(signature)));
    std::abort();
}

template <typename Impl>
inline constexpr bool kTakesContext = false;
template <typename R, typename... A>
inline constexpr bool kTakesContext<R (*)(HPyContext*, A...)> = true;

/// The frame that a trampoline of this signature packed.
template <HPyFunc_Signature F>
[[nodiscard]] typename Call<F>::Arguments& packed(void* args) noexcept {
    return *static_cast<typename Call<F>::Arguments*>(args);
}

/// Calls a function of this signature with the arguments in its trampoline's frame.
template <HPyFunc_Signature F>
void enter(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    if constexpr (kTakesContext<typename SignatureOf<F>::Impl>) {
        Call<F>::run(ctx, function, packed<F>(args));
    } else {
        // Traverse, destroy and capsule destructors: the runtime calls them itself, and CPython
        // gets no trampoline for them.
        stop_at(F);
    }
}

/// This is also the vectorcall function of an instance (PEP 590): the count may include a flag bit,
/// and CPython does not check the depth of the calls.
template <>
void enter<HPyFunc_KEYWORDS>(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    auto& frame = packed<HPyFunc_KEYWORDS>(args);
    frame.c = static_cast<std::size_t>(PyVectorcall_NARGS(frame.c));
    frame.result = as_handle(call_recursively([&] {
        Call<HPyFunc_KEYWORDS>::run(ctx, function, frame);
        return as_object(frame.result);
    }));
}

/// The frame of tp_new and tp_init: CPython passed a tuple and a dict.
template <typename R>
using TupleDictFrame = Frame<R, HPy, PyObject*, HPy>;

template <HPyFunc_Signature F, typename R>
void enter_tuple_dict(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    auto& frame = *static_cast<TupleDictFrame<R>*>(args);
    const auto impl = function_cast<typename SignatureOf<F>::Impl>(function);
    const HPy* const items = as_handles(items_of(frame.b));
    frame.result =
        impl(context_of_call<F>(ctx, frame.a), frame.a, items, PyTuple_GET_SIZE(frame.b), frame.c);
}

template <>
void enter<HPyFunc_NEWFUNC>(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    enter_tuple_dict<HPyFunc_NEWFUNC, HPy>(ctx, function, args);
}

template <>
void enter<HPyFunc_INITPROC>(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    enter_tuple_dict<HPyFunc_INITPROC, int>(ctx, function, args);
}

/// runtime/cpython/in_flight.h
template <>
void enter<HPyFunc_DESTRUCTOR>(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    auto& frame = packed<HPyFunc_DESTRUCTOR>(args);
    const InFlight kept(as_object(frame.a));
    Call<HPyFunc_DESTRUCTOR>::run(ctx, function, frame);
}

template <>
void enter<HPyFunc_RELEASEBUFFERPROC>(HPyContext* ctx, HPyCFunction function, void* args) noexcept {
    auto& frame = packed<HPyFunc_RELEASEBUFFERPROC>(args);
    const InFlight kept(as_object(frame.a));
    Call<HPyFunc_RELEASEBUFFERPROC>::run(ctx, function, frame);
}

// ---- calls of all copies ----

template <HPyFunc_Signature F>
void collect(void* args, Operands& into) noexcept {
    if constexpr (F == HPyFunc_NEWFUNC || F == HPyFunc_INITPROC) {
        into.add(*static_cast<HPy*>(args)); // the first of the frame
    } else if constexpr (kTakesContext<typename SignatureOf<F>::Impl>) {
        Call<F>::collect(packed<F>(args), into);
    }
}

template <HPyFunc_Signature F>
void fail(void* args) noexcept {
    if constexpr (F == HPyFunc_NEWFUNC) {
        static_cast<TupleDictFrame<HPy>*>(args)->result = kNullHandle;
    } else if constexpr (F == HPyFunc_INITPROC) {
        static_cast<TupleDictFrame<int>*>(args)->result = -1;
    } else if constexpr (kTakesContext<typename SignatureOf<F>::Impl>) {
        Call<F>::fail(packed<F>(args));
    }
}

template <HPyFunc_Signature F>
[[nodiscard]] Caller find_caller(void* args) noexcept {
    Operands operands;
    collect<F>(args, operands);
    return caller_of({operands.objects.data(), operands.count}, F == HPyFunc_NEWFUNC);
}

template <HPyFunc_Signature F>
void dispatch(HPyCFunction func, void* args) noexcept {
    HPyContext* const ctx = find_caller<F>(args).context;
    if (ctx == nullptr) return fail<F>(args);
    // Another copy's function where it is that copy's context.
    ctx->ctx_CallRealFunctionFromTrampoline(ctx, F, func, args);
}

void dispatch_trampoline(HPyContext* /*dispatcher*/, HPyFunc_Signature sig, HPyCFunction func,
                         void* args) noexcept {
    switch (sig) {
#define HPY_SIGNATURE(name, value, ret, params)                                                    \
    case HPyFunc_##name:                                                                           \
        dispatch<HPyFunc_##name>(func, args);                                                      \
        return;
#include <hpy/abi/signatures.def>
    }
    stop_at(sig);
}

} // namespace

Caller caller_of_trampoline(HPyFunc_Signature signature, void* args) noexcept {
    switch (signature) {
#define HPY_SIGNATURE(name, value, ret, params)                                                    \
    case HPyFunc_##name:                                                                           \
        return find_caller<HPyFunc_##name>(args);
#include <hpy/abi/signatures.def>
    }
    stop_at(signature);
}

void join_other_copies(OldCall old_call, OtherCall other_call) {
    // Made by the first thread that gets here; others wait for it.
    static const bool joined = [=] {
        join(this_copy(dispatcher(), old_call, other_call));
        return true;
    }();
    static_cast<void>(joined);
}

HPyContext* dispatcher() noexcept {
    // A file's pointer to it is not const, but nobody writes through it.
    return const_cast<HPyContext*>(&kDispatcher);
}

void ctx_CallRealFunctionFromTrampoline(HPyContext* ctx, HPyFunc_Signature sig, HPyCFunction func,
                                        void* args) noexcept {
    switch (sig) {
#define HPY_SIGNATURE(name, value, ret, params)                                                    \
    case HPyFunc_##name:                                                                           \
        enter<HPyFunc_##name>(ctx, func, args);                                                    \
        return;
#include <hpy/abi/signatures.def>
    }
    stop_at(sig);
}

} // namespace hpystate::context
