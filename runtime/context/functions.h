/// runtime/context/functions.h: declares the implementation of every context function, from the
/// ABI's list.
///
/// An implementation may rely on this: the calling thread is attached to the interpreter of `ctx`,
/// and every operand that operands.def does not call optional is a handle, not HPy_NULL: guard.h
/// has answered those before. It raises by setting an exception and returning the error value of
/// guard.h; it never throws.
#pragma once

#include <hpy/context.h>

namespace hpystate::context {

#define HPY_FUNC(ret, name, params) ret ctx_##name params noexcept;
#include <hpy/abi/hpy_0_9.def>

} // namespace hpystate::context
