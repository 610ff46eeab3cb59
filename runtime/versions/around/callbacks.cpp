/// runtime/versions/around/callbacks.cpp: types, call functions and trampolines of other versions.
#include "runtime/versions/around/callbacks.h"

#include "runtime/calls/handle.h"
#include "runtime/calls/signature.h"
#include "runtime/calls/thunks.h"
#include "runtime/context/call_function.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/ref.h"
#include "runtime/versions/around/packed.h"
#include "runtime/versions/v0_9/callers.h"
#include "runtime/versions/v0_9/dispatcher.h"
#include "runtime/versions/v0_9/type.h"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <vector>

namespace hpystate::around {

namespace {

/// A handle of `trunk` as a new reference; null with an exception set.
[[nodiscard]] Ref object_of(HPyContext* trunk, HPy h) noexcept {
    return Ref(reinterpret_cast<PyObject*>(trunk->ctx_AsPyObject(trunk, h)));
}

[[nodiscard]] HPy handle_of(HPyContext* trunk, const Ref& object) noexcept {
    if (!object) return kNullHandle;
    return trunk->ctx_FromPyObject(trunk, reinterpret_cast<cpy_PyObject*>(object.get()));
}

/// The parameters with plain handles, which `owned` keeps, and their end. Stops behind one of an
/// unknown kind, whose handle may be anything: HPyType_FromSpec refuses it. False: an exception is
/// set.
[[nodiscard]] bool read_parameters(HPyContext* trunk, const HPyType_SpecParam* params,
                                   std::vector<Ref>& owned, std::vector<HPyType_SpecParam>& plain) {
    for (; params != nullptr && params->kind != 0; ++params) {
        const bool known =
            params->kind >= HPyType_SpecParam_Base && params->kind <= HPyType_SpecParam_Metaclass;
        HPy object = kNullHandle;
        if (known && params->object._i != 0) {
            owned.push_back(object_of(trunk, params->object));
            if (!owned.back()) return false;
            object = as_handle(owned.back().get());
        }
        plain.push_back({params->kind, object});
        if (!known) break;
    }
    plain.push_back({static_cast<HPyType_SpecParam_Kind>(0), kNullHandle});
    return true;
}

/// The thunk of a function; nullptr with an exception set.
[[nodiscard]] CFunction thunk_of(const Layer* layer, HPyFunc_Signature signature,
                                 HPyCFunction function) noexcept {
    return guarded<CFunction>(nullptr, [=] {
        return thunk_or_trampoline(signature, function, nullptr, Site{false, layer},
                                   {"trampoline", "of another version", "its function"});
    });
}

[[noreturn, gnu::cold]] void stop_at(HPyFunc_Signature signature) noexcept {
    static_cast<void>(std::fprintf(
        stderr,
        "hpystate: a trampoline of an extension was called with signature %d, which is unknown or "
        "never called through a trampoline. Compile the extension with unchanged headers.\n",
        static_cast<int>(signature)));
    std::abort();
}

/// Whether another copy than this one made the call, and has it made. A copy without the version
/// has not loaded the file, so the function is not one of its own.
[[nodiscard]] bool called_by_other(const RuntimeCopy* copy, AbiVersion abi,
                                   HPyFunc_Signature signature, HPyCFunction function,
                                   void* args) noexcept {
    constexpr std::size_t kEnd =
        offsetof(RuntimeCopy, call_from_other_trampoline) + sizeof(OtherCall);
    if (copy == nullptr || copy->dispatcher == context::dispatcher() || copy->size < kEnd) {
        return false;
    }
    return copy->call_from_other_trampoline(abi.major, abi.minor, static_cast<int>(signature),
                                            reinterpret_cast<void (*)()>(function), args);
}

/// Calls a thunk of this signature with what is on the stack of the trampoline. Without one an
/// exception is set, and the result is that of a failure.
template <HPyFunc_Signature S, typename Impl = typename SignatureOf<S>::Impl>
struct Call {
    [[noreturn]] static void run(CFunction, void*) noexcept { stop_at(S); } // it takes no context
};

template <HPyFunc_Signature S, typename R, typename... A>
struct Call<S, R (*)(HPyContext*, A...)> {
    static void run(CFunction thunk, void* args) noexcept {
        using Object = PyObject*;
        if constexpr (S == HPyFunc_NOARGS) {
            Packed<Object, Object>(args).call(thunk, Object{nullptr});
        } else if constexpr (S == HPyFunc_NEWFUNC || S == HPyFunc_INITPROC) {
            Packed<Cpy<R>, Object, Object, Object>(args).call(thunk); // CPython's tuple and dict
        } else if constexpr (std::is_void_v<R>) {
            call_procedure<Cpy<A>...>(thunk, args);
        } else {
            Packed<Cpy<R>, Cpy<A>...>(args).call(thunk);
        }
    }
};

} // namespace

HPy type_from_spec(HPyContext* trunk, const Layer* layer, const HPyType_Spec* spec,
                   const HPyType_SpecParam* params) noexcept {
    std::vector<Ref> owned;
    std::vector<HPyType_SpecParam> plain;
    if (!guarded(false, [&] { return read_parameters(trunk, params, owned, plain); })) {
        return kNullHandle;
    }
    const Site site{false, layer, &region_behind(trunk).context()};
    return handle_of(trunk, Ref(v0_9::type_from_spec(spec, plain.data(), site)));
}

int set_call_function(HPyContext* trunk, const Layer* layer, HPy h,
                      const HPyCallFunction* function) noexcept {
    const Ref object = object_of(trunk, h);
    if (!object) return -1;
    return context::set_call_function_or_fail(as_handle(object.get()), function,
                                              Site{false, layer});
}

namespace {

void call_thunk(HPyFunc_Signature signature, CFunction thunk, void* args) noexcept {
    switch (signature) {
#define HPY_SIGNATURE(name, value, ret, params)                                                    \
    case HPyFunc_##name:                                                                           \
        return Call<HPyFunc_##name>::run(thunk, args);
#include <hpy/abi/signatures.def>
    }
    stop_at(signature);
}

} // namespace

void call_in_this_copy(const Layer* layer, HPyFunc_Signature signature, HPyCFunction function,
                       void* args) noexcept {
    call_thunk(signature, thunk_of(layer, signature, function), args);
}

void call_from_trampoline(AbiVersion abi, const Layer* layer, HPyFunc_Signature signature,
                          HPyCFunction function, void* args) noexcept {
    const context::Caller caller = context::caller_of_trampoline(signature, args);
    if (caller.context == nullptr) return call_thunk(signature, nullptr, args);
    if (called_by_other(caller.copy, abi, signature, function, args)) return;
    call_in_this_copy(layer, signature, function, args);
}

} // namespace hpystate::around
