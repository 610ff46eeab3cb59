/// runtime/calls/thunks.h: how Python calls a function of an extension.
///
/// CPython gets a thunk wherever there is one. A thunk is a C function of this runtime, one for
/// each function of an extension. It finds the context and calls the extension's function with it,
/// before the arguments, which are passed on unchanged.
///
///     CPython --> thunk #n --> body of its kind: context_of(self), targets[n]
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
           signature == HPyFunc_KEYWORDS;
}

/// Returns the thunk for a function of an extension. nullptr without an exception: the pool is used
/// up, or there is none for the signature (one that CPython never calls). HPyFunc_VECTORCALLFUNC is
/// for the function of an HPyCallFunction, whose own signature is HPyFunc_KEYWORDS. Throws
/// std::bad_alloc.
[[nodiscard]] CFunction thunk_for(HPyFunc_Signature signature, HPyCFunction impl, Site site);

/// The same for HPy_tp_call: its signature is HPyFunc_KEYWORDS, but CPython calls it with a tuple
/// and a dict.
[[nodiscard]] CFunction call_thunk_for(HPyCFunction impl, Site site);

/// Sets the SystemError for a function that gets no thunk. `owner`: for example "type 'x'";
/// `function`: for example "HPy_tp_repr". HPyFunc_KEYWORDS with `is_call` is the signature of
/// HPy_tp_call.
void raise_no_thunk(const char* owner, const char* function, HPyFunc_Signature signature,
                    bool is_call, Site site);

} // namespace hpystate
