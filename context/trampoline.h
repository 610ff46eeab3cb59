/// context/trampoline.h: how Python calls a function of an extension.
///
/// CPython gets a thunk of ours, never the trampoline in the extension's file: that one goes
/// through one static context per file, which the last host to load the file owns. A thunk is a C
/// function of its own for each function of an extension. It finds the context of the caller and
/// calls the extension's function with it; arguments are handed over as they are.
///
///     CPython --> thunk #n --> body of its kind: context_of(self), targets[n] --> impl(ctx,
///     self...)
///
/// Only when a pool is used up does the file's own trampoline serve, through the dispatcher.
#pragma once

#include <Python.h>

#include <hpy/context.h>

#include <cstdint>

namespace hpystate {

/// From where a thunk takes the context.
enum class Site : std::uint8_t {
    kModule, ///< `self` is a module of ours: its state has the context
    kThread, ///< the thread state's interpreter, looked up in the directory
};

/// Any C function; CPython's tables hold it under one of its types.
using CFunction = void (*)();

/// The thunk for a function of an extension. nullptr without an exception: the pool is used up, or
/// the signature has none (those that HPy never gives to CPython). HPyFunc_VECTORCALLFUNC is for
/// the function of an HPyCallFunction, whose own signature is HPyFunc_KEYWORDS. Throws
/// std::bad_alloc.
[[nodiscard]] CFunction thunk_for(HPyFunc_Signature signature, HPyCFunction impl, Site site);

/// The same for HPy_tp_call, whose signature is HPyFunc_KEYWORDS but which CPython calls with a
/// tuple and a dict.
[[nodiscard]] CFunction call_thunk_for(HPyCFunction impl);

} // namespace hpystate
