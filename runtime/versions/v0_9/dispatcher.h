/// runtime/versions/v0_9/dispatcher.h: a context for the whole process, for code that does not know
/// its caller's interpreter.
///
/// An extension's file has one static pointer to a context, for its trampolines. It is set to this
/// context, which belongs to no interpreter: each of its functions finds the context of the calling
/// thread's interpreter and calls that one's function. A file's trampolines are used only if a pool
/// of thunks is used up.
#pragma once

#include <hpy/context.h>

namespace hpystate::context {

/// The context is constant, so any number of files can share it, on any thread. Its handles are
/// null.
[[nodiscard]] HPyContext* dispatcher() noexcept;

} // namespace hpystate::context
