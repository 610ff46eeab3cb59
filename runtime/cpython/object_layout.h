/// runtime/cpython/object_layout.h: whether inline forms of extensions know how objects look here.
///
/// A file with fused calls has code that counts references and reads types by itself
/// (hpystate/inline_forms.h in include/). CPython does not promise this layout to a file that was
/// not compiled for its version, so a runtime compares it with that of its own CPython.
#pragma once

#include <Python.h>

#include <cstddef>

namespace hpystate {

/// Whether the layout is HPYSTATE_OBJECT_LAYOUT: from 3.12 on, the last version that was looked at
/// is 3.15. Without the GIL references are counted otherwise; builds that count all references of
/// the process must see each.
#if defined(Py_GIL_DISABLED) || defined(Py_REF_DEBUG) || defined(Py_TRACE_REFS) ||                 \
    PY_VERSION_HEX >= 0x03100000
inline constexpr bool kObjectsAreKnown = false;
#else
inline constexpr bool kObjectsAreKnown = true;
static_assert(sizeof(PyObject) == 16 && offsetof(PyObject, ob_refcnt) == 0 &&
              offsetof(PyObject, ob_type) == 8);
#endif

} // namespace hpystate
