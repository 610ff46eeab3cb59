/// runtime/calls/layered_thunks.h: thunks for the functions of modules in debug or trace mode.
#pragma once

#include "runtime/calls/function.h"
#include "runtime/calls/layer.h"

#include <hpy/define.h>

namespace hpystate {

/// Returns the thunk that calls `impl` through a layer: with a context and with handles of the
/// layer. `of_module`: its `self` is a module that this runtime made. nullptr without an exception:
/// the pool is used up, or there is none for the signature. Throws std::bad_alloc.
[[nodiscard]] CFunction layered_thunk(HPyFunc_Signature signature, HPyCFunction impl,
                                      const Layer& layer, bool of_module);

/// How many functions of a signature can have a layered thunk.
[[nodiscard]] unsigned layered_limit(HPyFunc_Signature signature) noexcept;

} // namespace hpystate
