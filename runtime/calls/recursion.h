/// runtime/calls/recursion.h: a limit for nested calls that CPython does not count itself.
#pragma once

#include <Python.h>

namespace hpystate {

/// Returns `call()`, or nullptr with a RecursionError set if the C stack has no room for it. A
/// vectorcall function (PEP 590) must check that itself, since its callers do not, and HPy has no
/// function for it that an extension could call.
template <typename Call>
[[nodiscard]] PyObject* call_recursively(Call&& call) noexcept {
    if (Py_EnterRecursiveCall(" while calling an HPy object") != 0) return nullptr;
    PyObject* const result = call();
    Py_LeaveRecursiveCall();
    return result;
}

/// How many calls of call functions may be nested before the stack is checked, which costs as much
/// as the call. So many frames fit into the margin that CPython keeps free on the stack for such
/// calls.
inline constexpr unsigned kShallow = 16;

} // namespace hpystate
