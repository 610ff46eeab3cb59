/// runtime/calls/thunks.h: how Python calls a function of an extension.
///
/// CPython gets a thunk of ours wherever there is one. A thunk is a C function of its own for each
/// function of an extension. It finds the context of the interpreter that `self` belongs to and
/// calls the extension's function with it, before the arguments, which stay as they are.
///
///     CPython --> thunk #n --> body of its kind: context_of(self), targets[n]
///                                           --> impl(ctx, self...)
///
/// The context comes from the module or from the type of `self` (runtime/calls/anchor.h), else from
/// the first type of the MRO or the other operand that leads to one, else from the thread state: a
/// module that is only being made.
///
/// The trampoline in the extension's file serves where there is none: the pool is used up, or
/// modules have another layout (runtime/cpython/module_layout.h). It goes through the one context
/// that the file was given, the dispatcher, and is slower. A module in a mode (debug, trace) gets
/// layered thunks: runtime/calls/layer.h.
#pragma once

#include <Python.h>

#include "runtime/calls/function.h"
#include "runtime/calls/layer.h"

#include <hpy/context.h>

namespace hpystate {

/// Where a function will be called from, which decides where its thunk takes the context from.
struct Site {
    bool module;                 ///< `self` is a module of ours: its state has the context
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

/// The thunk for a function of an extension. nullptr without an exception: the pool is used up, or
/// the signature has none (those that HPy never gives to CPython). HPyFunc_VECTORCALLFUNC is for
/// the function of an HPyCallFunction, whose own signature is HPyFunc_KEYWORDS. Throws
/// std::bad_alloc.
[[nodiscard]] CFunction thunk_for(HPyFunc_Signature signature, HPyCFunction impl, Site site);

/// The same for HPy_tp_call, whose signature is HPyFunc_KEYWORDS but which CPython calls with a
/// tuple and a dict.
[[nodiscard]] CFunction call_thunk_for(HPyCFunction impl, Site site);

/// The SystemError for a function that gets no thunk. `owner`: "type 'x'"; `function`: what it is,
/// "HPy_tp_repr". HPyFunc_KEYWORDS with `is_call` is the signature of HPy_tp_call.
void raise_no_thunk(const char* owner, const char* function, HPyFunc_Signature signature,
                    bool is_call, Site site);

} // namespace hpystate
