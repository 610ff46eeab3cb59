/// runtime/versions/v0_9/dispatcher.h: the one context of the process, for code that cannot know
/// its caller.
///
/// An extension's file keeps one static context for the trampolines that upstream's headers put
/// into it. It is given this one, which belongs to no interpreter: each of its functions finds the
/// context of the calling thread's interpreter and goes on there. Trampolines in files serve only
/// where a pool of thunks is used up; older ABI versions need the rest.
#pragma once

#include <hpy/context.h>

namespace hpystate::context {

/// Constant, so it may be handed to any number of files from any thread. Its handles are null.
[[nodiscard]] HPyContext* dispatcher() noexcept;

} // namespace hpystate::context
