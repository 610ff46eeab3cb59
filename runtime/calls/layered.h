/// runtime/calls/layered.h: thunks for the functions of modules in a mode.
#pragma once

#include "runtime/calls/function.h"
#include "runtime/calls/layer.h"

#include <hpy/define.h>

namespace hpystate {

/// The thunk that calls `impl` through a layer: with its context, with handles of its making.
/// `of_module`: it is called with a module of ours as `self`. nullptr without an exception: the
/// pool is used up, or the signature has none. Throws std::bad_alloc.
[[nodiscard]] CFunction layered_thunk(HPyFunc_Signature signature, HPyCFunction impl,
                                      const Layer& layer, bool of_module);

/// How many functions of a signature can have a layered thunk.
[[nodiscard]] unsigned layered_limit(HPyFunc_Signature signature) noexcept;

} // namespace hpystate
