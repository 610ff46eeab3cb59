/// runtime/context/functions.h: declares the implementation of every context function, from the
/// ABI's list.
///
/// An implementation may assume that the calling thread is attached to the interpreter of `ctx`,
/// and that every operand is not HPy_NULL unless operands.def lists it: guard.h refuses it before.
/// To raise, it sets an exception and returns the error value of guard.h; it never throws.
#pragma once

#include <hpy/context.h>

namespace hpystate::context {

#define HPY_FUNC(ret, name, params) ret ctx_##name params noexcept;
#include <hpy/abi/hpy_0_9.def>

} // namespace hpystate::context
