/// runtime/cpython/versions.h: differences between versions of CPython.
///
/// Only files in this folder test PY_VERSION_HEX. docs/abi.md lists the facts and the tests
/// that notice when one changes.
#pragma once

#include <Python.h>

#include <cstddef>
#include <cstdint>

namespace hpystate {

/// The state of the calling thread; nullptr where it is attached to no interpreter. Borrowed.
[[nodiscard]] inline PyThreadState* thread_state_or_null() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return PyThreadState_GetUnchecked();
#else
    return _PyThreadState_UncheckedGet();
#endif
}

/// The function that returns the state of the calling thread, for code that reads its interpreter
/// at kThreadInterpreter.
[[nodiscard]] inline auto thread_state_function() noexcept {
#if PY_VERSION_HEX >= 0x030D0000
    return &PyThreadState_GetUnchecked;
#else
    return &_PyThreadState_UncheckedGet;
#endif
}

/// Bytes from a thread's state to the address of its interpreter.
inline constexpr std::size_t kThreadInterpreter = offsetof(PyThreadState, interp);

/// From 3.15 on PyErr_WriteUnraisable crashes if no exception is set; earlier versions call the
/// hook with None, and their debug builds end the process by an assertion (3.14).
#ifdef Py_DEBUG
inline constexpr bool kUnraisableNeedsException = true;
#else
inline constexpr bool kUnraisableNeedsException = PY_VERSION_HEX >= 0x030F0000;
#endif

/// From 3.13 on bit 2 of tp_flags is Py_TPFLAGS_INLINE_VALUES. In 3.12 CPython gives it no meaning,
/// and HPy's own runtime uses it.
inline constexpr bool kHasInlineValues = PY_VERSION_HEX >= 0x030D0000;

/// The version of the headers, as CPython writes it: 0x030C01F0 is 3.12.1. Files that were compiled
/// for the CPython ABI have theirs in a constant (runtime/loader/compiled.h).
inline constexpr std::uint32_t kPythonVersion = PY_VERSION_HEX;

} // namespace hpystate
