/// context/call_slot.h: HPy_tp_call: from a tuple and a dict to an array and a tuple of names.
#pragma once

#include <Python.h>

#include <hpy/context.h>

namespace hpystate {

/// Calls `impl` with the items of `args` (a tuple) followed by the values of `kwargs` (a dict or
/// nullptr), whose keys become `kwnames`. Returns a new reference, or nullptr with an exception
/// set.
[[nodiscard]] PyObject* call_with_tuple_and_dict(HPyContext* ctx, HPyFunc_KEYWORDS_t impl,
                                                 PyObject* self, PyObject* args,
                                                 PyObject* kwargs) noexcept;

} // namespace hpystate
