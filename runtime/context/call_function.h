/// runtime/context/call_function.h: HPy_SetCallFunction, for the plain context and for layers.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"

#include <hpy/define.h>

namespace hpystate::context {

/// Sets the function that is called when this instance is called. -1 with an exception set:
/// TypeError if the type does not implement HPy's call protocol, SystemError for a null function,
/// MemoryError.
[[nodiscard]] int set_call_function_or_fail(HPy h, const HPyCallFunction* function,
                                            Site site) noexcept;

} // namespace hpystate::context
