/// runtime/context/callable.h: which function an instance is called with.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"

#include <hpy/define.h>

namespace hpystate::context {

/// Sets the function that an instance of a type with HPy's call protocol is called with. -1 with an
/// exception set: TypeError for another object, SystemError for a null function, MemoryError.
[[nodiscard]] int set_call_function_or_fail(HPy h, const HPyCallFunction* function,
                                            Site site) noexcept;

} // namespace hpystate::context
