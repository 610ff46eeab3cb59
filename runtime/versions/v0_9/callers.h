/// runtime/versions/v0_9/callers.h: which copy of this runtime a call without a context belongs to.
/// The rules are in dispatcher.h.
#pragma once

#include <Python.h>

#include "globals/copies.h"

#include <hpy/context.h>

#include <span>

namespace hpystate::context {

/// What this copy tells the others. `dispatcher` and the calls are its own. The first call counts.
[[nodiscard]] RuntimeCopy& this_copy(HPyContext* dispatcher, OldCall old_call,
                                     OtherCall other_call) noexcept;

/// Whether a module object was made by this copy.
[[nodiscard]] bool is_module_of_this_copy(PyObject* module) noexcept;

/// The context for `function` of the API, called on a thread that brings no context. Does not
/// return where there is none, or where the thread is attached to two Pythons.
[[nodiscard]] HPyContext& callers_context(const char* function) noexcept;

/// Whose trampoline was called.
struct Caller {
    HPyContext* context;     ///< the 0.9 context of the interpreter; nullptr: a SystemError is set
    const RuntimeCopy* copy; ///< that made the context; nullptr: this one, which has not joined
};

/// The caller of a trampoline that got these objects; `first_is_type`: the first one is the type of
/// an instance to be made. A SystemError is set where two copies are in the Python of this one, and
/// the objects belong to neither. Does not return where the thread is attached to no Python that
/// has a copy, or to two, and the objects do not tell which one called.
[[nodiscard]] Caller caller_of(std::span<void* const> objects, bool first_is_type) noexcept;

/// The same for a trampoline whose frame is that of 0.9: `args` is what it has packed. Defined in
/// dispatcher.cpp.
[[nodiscard]] Caller caller_of_trampoline(HPyFunc_Signature signature, void* args) noexcept;

} // namespace hpystate::context
