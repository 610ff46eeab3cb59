/// context/contexts.h: fills the contexts of an interpreter: every function, every object.
#pragma once

#include <hpy/context.h>

namespace hpystate::context {

/// Fills a plain context for the interpreter that the calling thread is attached to. Handles in it
/// are borrowed from the interpreter, which keeps those objects as long as it lives.
/// Returns false with an exception set where the interpreter has no builtins.
[[nodiscard]] bool install_plain(HPyContext& context) noexcept;

} // namespace hpystate::context
