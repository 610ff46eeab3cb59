/// runtime/versions/v0_9/contexts.h: fills the plain context of an interpreter: every function,
/// every object.
#pragma once

#include "interp_state/region.h"

namespace hpystate::context {

/// Fills the plain context of HPy 0.9 in the region of the interpreter that the calling thread is
/// attached to. Its handles are borrowed from the interpreter, which keeps these objects as long as
/// it lives. Returns false with an exception set if the interpreter has no module builtins.
[[nodiscard]] bool install_plain(Region& region) noexcept;

/// Returns the region of the interpreter that the calling thread is attached to, ready for use: its
/// context is filled, the collector visits its values, and its teardown is registered. nullptr with
/// an exception set: no memory, or SystemError if the interpreter is ending.
[[nodiscard]] Region* enter_interpreter() noexcept;

} // namespace hpystate::context
