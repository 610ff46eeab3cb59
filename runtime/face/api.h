/// runtime/face/api.h: what extensions of CPython's API get, by a capsule: hpystate/global.h.
///
///     hpystate_import() --capsule--> hpystate_global_table --> Region of the calling interpreter
///     inline code ------------------> hpystate_fast ---------> the same, without a call
///
/// The functions are those of HPyGlobal on a region and a slot (interp_state/values.h,
/// interp_state/first_value.h). A region is found by the thread's state. Inline code remembers
/// where it is, by the interpreter's address, in a table of the process; what is remembered may be
/// out of date, so it compares Window::open_for().
#pragma once

#include <Python.h>

struct hpystate_global_table;

namespace hpystate::face {

/// What the capsule holds, and what hpystate::embed gives to its extension.
extern const hpystate_global_table kGlobalTable;

/// Adds the capsule to hpystate._native. False: an exception is set.
[[nodiscard]] bool add_global_api(PyObject* module) noexcept;

} // namespace hpystate::face
