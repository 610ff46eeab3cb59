/// runtime/calls/recursion.h: how deep calls may go that CPython does not count itself.
#pragma once

#include <Python.h>

namespace hpystate {

/// `call()` where the C stack is deep enough for it, else nullptr with a RecursionError set. A
/// function that is called by PEP 590 looks for that itself: its callers do not, and HPy gives an
/// extension no way to.
template <typename Call>
[[nodiscard]] PyObject* call_recursively(Call&& call) noexcept {
    if (Py_EnterRecursiveCall(" while calling an HPy object") != 0) return nullptr;
    PyObject* const result = call();
    Py_LeaveRecursiveCall();
    return result;
}

/// How many calls of call functions may stand one within the other before CPython is asked, which
/// costs as much as the call. So many frames have room beside what CPython keeps free of the stack
/// for such calls.
inline constexpr unsigned kShallow = 16;

} // namespace hpystate
