/// runtime/versions/v0_9/contexts.h: fills the contexts of an interpreter: every function, every
/// object.
#pragma once

#include "interp_state/region.h"

namespace hpystate::context {

/// Fills the plain context of HPy 0.9 in the region of the interpreter that the calling thread is
/// attached to. Handles in it are borrowed from the interpreter, which keeps those objects as long
/// as it lives.
/// Returns false with an exception set where the interpreter has no builtins.
[[nodiscard]] bool install_plain(Region& region) noexcept;

/// The region of the interpreter that the calling thread is attached to, made ready for use: its
/// context filled, its values shown to the collector, its end prepared. nullptr with an exception
/// set: no memory, or SystemError where the interpreter is ending.
[[nodiscard]] Region* enter_interpreter() noexcept;

} // namespace hpystate::context
