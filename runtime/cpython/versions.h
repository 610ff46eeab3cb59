/// runtime/cpython/versions.h: what one version of CPython has or does otherwise than another.
///
/// Only this folder asks which version is compiled for. docs/abi.md lists the facts and the
/// tests that notice when one changes.
#pragma once

#include <Python.h>

namespace hpystate {

/// The state of the calling thread; nullptr where it is attached to no interpreter. Borrowed.
[[nodiscard]] inline PyThreadState* thread_state_or_null() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

/// PyErr_WriteUnraisable without an exception follows a null pointer; earlier versions call the
/// hook with None.
inline constexpr bool kUnraisableNeedsException = PY_VERSION_HEX >= 0x030F0000;

/// Bit 2 of tp_flags is Py_TPFLAGS_INLINE_VALUES; in 3.12 CPython gives it no meaning, and HPy's
/// own runtime uses it.
inline constexpr bool kHasInlineValues = PY_VERSION_HEX >= 0x030D0000;

} // namespace hpystate
