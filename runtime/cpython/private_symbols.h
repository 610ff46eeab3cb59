/// runtime/cpython/private_symbols.h: functions that CPython exports without promising them.
///
/// They are weak: if a version lacks one, its pointer here is null, and the caller does what is
/// described beside it. docs/abi.md lists them.
#pragma once

#include <Python.h>

#include <cstdint>

namespace hpystate {

struct PrivateSymbols {
    /// _PyInterpreterState_LookUpID: the living interpreter with that id, else nullptr with an
    /// exception set. Takes CPython's own lock. Without it: a region serves again only for an
    /// interpreter at the same address, so a process reserves a few more.
    PyInterpreterState* (*look_up_interpreter)(std::int64_t id);

    /// _Py_IsInterpreterFinalizing, from 3.13 on. Without it: only the end of Python itself counts.
    /// Before 3.14 a subinterpreter that ends while it has threads is a fatal error of CPython's.
    int (*is_interpreter_finalizing)(PyInterpreterState* interpreter);
};

/// Those of this process. Only tests write here, while no other thread is there, to see what
/// happens without one.
extern PrivateSymbols private_symbols;

/// Whether interpreter_with_id() can tell.
[[nodiscard]] inline bool can_look_up_interpreters() noexcept {
    return private_symbols.look_up_interpreter != nullptr;
}

/// The living interpreter with that id; nullptr: there is none. Only if can_look_up_interpreters().
/// The thread is attached and holds no lock of ours; an exception that is set stays.
[[nodiscard]] const PyInterpreterState* interpreter_with_id(std::int64_t id) noexcept;

} // namespace hpystate
