/// runtime/versions/v0_0_4/trampolines.cpp: a trampoline of a file of 0.0.4 was called.
///
/// CPython is never given one, but a file may put it into a legacy table, or call it. Each file
/// keeps the context that it was initialized with last, for all its trampolines. So that context is
/// not used: first the copy of this runtime is found that the call belongs to, as for a trampoline
/// of 0.9 (runtime/versions/v0_9/dispatcher.h). There the call goes through the thunk that CPython
/// has for the same function, which finds the context by the objects. Debug and trace mode end
/// here, as for trampolines of 0.9.
#include "runtime/calls/function.h"
#include "runtime/calls/thunks.h"
#include "runtime/cpython/guarded.h"
#include "runtime/cpython/items.h"
#include "runtime/versions/around/packed.h"
#include "runtime/versions/v0_0_4/contexts.h"
#include "runtime/versions/v0_0_4/describe.h"
#include "runtime/versions/v0_0_4/emulate.h"
#include "runtime/versions/v0_9/callers.h"

#include <cstdio>
#include <cstdlib>

namespace hpystate::v0_0_4 {

using around::call_procedure;
using around::Packed;

namespace {

/// The thunk of a function; nullptr with an exception set.
[[nodiscard]] CFunction thunk_of(::HPyFunc_Signature signature, HPyCFunction function) noexcept {
    return guarded<CFunction>(nullptr, [=] {
        return thunk_or_trampoline(signature, function, nullptr, Site{false, &Layers::in(nullptr)},
                                   {"trampoline", "of HPy 0.0.4", "its function"});
    });
}

[[noreturn, gnu::cold]] void stop_at(HPyFunc_Signature signature) noexcept {
    static_cast<void>(std::fprintf(
        stderr,
        "hpystate: a trampoline of an HPy 0.0.4 extension was called with signature %d, which "
        "is unknown, or which no slot of HPy 0.0.4 has. Define the function with HPyDef_SLOT or "
        "HPyDef_METH.\n",
        static_cast<int>(signature)));
    std::abort();
}

using Object = PyObject*;

/// METH_VARARGS; the thunk has the type of METH_FASTCALL.
void call_varargs(CFunction thunk, void* args) noexcept {
    const Packed<Object, Object, Object> packed(args);
    if (thunk == nullptr) return packed.finish(nullptr);
    auto* const tuple = packed.argument<Object>(1);
    const auto call = reinterpret_cast<Object (*)(Object, Object const*, Py_ssize_t)>(thunk);
    packed.finish(call(packed.argument<Object>(0), items_of(tuple), PyTuple_GET_SIZE(tuple)));
}

/// How many objects a trampoline has packed first. A function of these knows its caller by them.
[[nodiscard]] std::size_t objects_of(HPyFunc_Signature signature) noexcept {
    switch (signature) {
    case HPyFunc_TERNARYFUNC:
    case HPyFunc_OBJOBJARGPROC:
        return 3;
    case HPyFunc_O:
    case HPyFunc_BINARYFUNC:
    case HPyFunc_RICHCMPFUNC:
    case HPyFunc_OBJOBJPROC:
        return 2;
    case HPyFunc_DESTROYFUNC:
    case HPyFunc_TRAVERSEPROC:
    case HPyFunc_FREEFUNC:
        return 0; // an address
    default:
        return 1; // self
    }
}

/// Calls the thunks that `thunk` finds, with what a trampoline has packed. Where it returns
/// nullptr, an exception is set, and the result is that of a failure.
template <typename Find>
void call_packed(HPyFunc_Signature signature, void* args, Find thunk) noexcept {
    switch (signature) {
    case HPyFunc_VARARGS:
        return call_varargs(thunk(::HPyFunc_VARARGS), args);
    case HPyFunc_KEYWORDS:
        return Packed<Object, Object, Object, Object>(args).call(thunk(kDictSignature));
    case HPyFunc_NOARGS:
        return Packed<Object, Object>(args).call(thunk(::HPyFunc_NOARGS), Object{nullptr});
    case HPyFunc_O:
        return Packed<Object, Object, Object>(args).call(thunk(::HPyFunc_O));
    case HPyFunc_GETBUFFERPROC:
        return Packed<int, Object, Py_buffer*, int>(args).call(thunk(::HPyFunc_GETBUFFERPROC));
    case HPyFunc_RELEASEBUFFERPROC:
        return call_procedure<Object, Py_buffer*>(thunk(::HPyFunc_RELEASEBUFFERPROC), args);
    case HPyFunc_UNARYFUNC:
        return Packed<Object, Object>(args).call(thunk(::HPyFunc_UNARYFUNC));
    case HPyFunc_BINARYFUNC:
        return Packed<Object, Object, Object>(args).call(thunk(::HPyFunc_BINARYFUNC));
    case HPyFunc_TERNARYFUNC:
        return Packed<Object, Object, Object, Object>(args).call(thunk(::HPyFunc_TERNARYFUNC));
    case HPyFunc_INQUIRY:
        return Packed<int, Object>(args).call(thunk(::HPyFunc_INQUIRY));
    case HPyFunc_LENFUNC:
        return Packed<Py_ssize_t, Object>(args).call(thunk(::HPyFunc_LENFUNC));
    case HPyFunc_SSIZEARGFUNC:
        return Packed<Object, Object, Py_ssize_t>(args).call(thunk(::HPyFunc_SSIZEARGFUNC));
    case HPyFunc_SSIZEOBJARGPROC:
        return Packed<int, Object, Py_ssize_t, Object>(args).call(thunk(::HPyFunc_SSIZEOBJARGPROC));
    case HPyFunc_OBJOBJARGPROC:
        return Packed<int, Object, Object, Object>(args).call(thunk(::HPyFunc_OBJOBJARGPROC));
    case HPyFunc_REPRFUNC:
        return Packed<Object, Object>(args).call(thunk(::HPyFunc_REPRFUNC));
    case HPyFunc_RICHCMPFUNC:
        return Packed<Object, Object, Object, int>(args).call(thunk(::HPyFunc_RICHCMPFUNC));
    case HPyFunc_INITPROC:
        return Packed<int, Object, Object, Object>(args).call(thunk(::HPyFunc_INITPROC));
    case HPyFunc_GETTER:
        return Packed<Object, Object, void*>(args).call(thunk(::HPyFunc_GETTER));
    case HPyFunc_SETTER:
        return Packed<int, Object, Object, void*>(args).call(thunk(::HPyFunc_SETTER));
    case HPyFunc_OBJOBJPROC:
        return Packed<int, Object, Object>(args).call(thunk(::HPyFunc_OBJOBJPROC));
    case HPyFunc_HASHFUNC:
        return Packed<Py_hash_t, Object>(args).call(thunk(::HPyFunc_HASHFUNC));
    case HPyFunc_DESTRUCTOR:
        return call_procedure<Object>(thunk(::HPyFunc_DESTRUCTOR), args);
    default: // 0.0.4 has no slot of these, and the runtime itself calls traverse and destroy
        stop_at(signature);
    }
}

} // namespace

void call_from_trampoline(int signature, void (*function)(), void* packed) noexcept {
    call_packed(static_cast<HPyFunc_Signature>(signature), packed, [=](::HPyFunc_Signature same) {
        return thunk_of(same, reinterpret_cast<HPyCFunction>(function));
    });
}

void Emulated::CallRealFunctionFromTrampoline(HPyContext*, HPyFunc_Signature signature,
                                              HPyCFunction function, void* args) noexcept {
    const context::Caller caller =
        context::caller_of({static_cast<void* const*>(args), objects_of(signature)}, false);
    if (caller.context == nullptr) {
        return call_packed(signature, args,
                           [](::HPyFunc_Signature) -> CFunction { return nullptr; });
    }
    const OldCall call =
        caller.copy != nullptr ? caller.copy->call_from_old_trampoline : &call_from_trampoline;
    call(static_cast<int>(signature), reinterpret_cast<void (*)()>(function), args);
}

} // namespace hpystate::v0_0_4
