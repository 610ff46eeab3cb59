/// python/hpystate/looking.h: the functions of _native by which hpystate.inspect() looks inside.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

namespace hpystate {

/// The region of the calling interpreter. nullptr with a SystemError: it has none, or is past the
/// end of its own.
[[nodiscard]] Region* region_or_raise() noexcept;

/// slots(), regions() and held(), for PyModule_AddFunctions.
[[nodiscard]] PyMethodDef* looking_methods() noexcept;

} // namespace hpystate
