/// runtime/calls/thunks.h: how Python calls a function of an extension.
///
/// CPython gets a thunk wherever there is one. A thunk is a C function of this runtime, one for
/// each function of an extension. It finds the context and calls the extension's function with it,
/// before the arguments, which are passed on unchanged.
///
///     CPython --> thunk #n (perhaps --> body of its kind): context_of(self), targets[n]
///                                           --> impl(ctx, self...)
///
/// The context is found through the module or the type of `self` (runtime/calls/anchor.h). If that
/// has none, the MRO and the other operands are searched, and then the thread state is used, as for
/// a module that is being made.
///
/// The trampoline in the extension's file is used where there is no thunk: the pool is used up, or
/// modules have another layout (runtime/cpython/module_layout.h). It is slower, since it calls the
/// dispatcher (runtime/versions/v0_9/dispatcher.h). A module in debug or trace mode gets layered
/// thunks: runtime/calls/layer.h.
#pragma once

#include <Python.h>

#include "runtime/calls/function.h"
#include "runtime/calls/layer.h"

#include <hpy/context.h>

#include <cstddef>

namespace hpystate {

/// Where a function is used, which decides where its thunk gets the context from.
struct Site {
    bool module;                 ///< `self` is a module of this runtime: its state has the context
    const Layer* layer;          ///< the mode of the module; nullptr: plain
    HPyContext* maker = nullptr; ///< the plain context that a type is made with
};

inline constexpr Site kObjectSite{false, nullptr};

[[nodiscard]] constexpr bool is_layered(Site site) noexcept {
    return site.layer != nullptr;
}

/// Whether functions of modules have the signature: then `self` may be the module.
[[nodiscard]] constexpr bool may_have_module(HPyFunc_Signature signature) noexcept {
    return signature == HPyFunc_NOARGS || signature == HPyFunc_O || signature == HPyFunc_VARARGS ||
           signature == HPyFunc_KEYWORDS || signature == kDictSignature;
}

/// A function of an extension as messages name it, for example {"type", "x", "HPy_tp_repr"}.
struct FunctionName {
    const char* kind;
    const char* name;
    const char* function;
};

/// Returns what CPython is given for a function of an extension: its thunk. If the pool is used up,
/// the file's own trampoline, which calls the dispatcher; not in debug or trace mode, which a
/// trampoline does not know. nullptr with a SystemError set that names the function: there is no
/// thunk, and no trampoline that can be used. Throws std::bad_alloc.
///
/// `signature` is that of the extension's function, but for three: kCallSignature for HPy_tp_call,
/// HPyFunc_VECTORCALLFUNC for an HPyCallFunction, kDictSignature for keywords in a dict.
/// `trampoline` is nullptr where the file's own has another signature than CPython's function.
[[nodiscard]] CFunction thunk_or_trampoline(HPyFunc_Signature signature, HPyCFunction impl,
                                            CFunction trampoline, Site site,
                                            const FunctionName& name);

/// What CPython calls for an instance whose function HPy_SetCallFunction has set in plain mode
/// (PEP 590). One for all: it reads the extension's function out of the instance, beside the word
/// in which CPython found this one. So no thunk is looked up when a function is set, and there is
/// no limit to how many there are.
[[nodiscard]] PyObject* call_function_of_instance(PyObject* self, PyObject* const* args,
                                                  std::size_t nargsf, PyObject* kwnames) noexcept;

} // namespace hpystate
