/// runtime/versions/v0_9/type.h: HPyType_FromSpec of HPy 0.9: describes, checks and builds a type.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"

#include <hpy/define.h>

namespace hpystate::v0_9 {

/// Makes the type that `spec` and `params` (ended by kind 0; may be NULL) describe, in the
/// interpreter that the thread is attached to. `site`: as for make_type() in runtime/types/type.h,
/// which names the exceptions too. The spec and what it points to are read only. Returns a new
/// reference, or nullptr with an exception set: SystemError for a NULL spec, MemoryError.
[[nodiscard]] PyObject* type_from_spec(const HPyType_Spec* spec, const HPyType_SpecParam* params,
                                       Site site) noexcept;

} // namespace hpystate::v0_9
