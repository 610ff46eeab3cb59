/// interp_state/first_value.h: one value per interpreter, made at the first use:
/// HPyGlobal_LoadOrInit and HPyGlobal_Import without a context.
///
///     absent --caller makes it--> being made --published--> present
///        ^------------- failed ------'
///
/// Who asks while it is being made waits, detached from its interpreter. Waits are kept in one list
/// for the process, since a thread of one interpreter may run code of another: a wait that would
/// close a circle of threads is refused, and so is the maker who asks for his own value. While
/// an interpreter ends nobody waits in it: the maker is a thread that was stopped for good.
///
/// A wait hears signals, as one for a lock of Python's does: the waiter leaves its list, attaches,
/// runs the handlers, and looks again. What a handler raises is the caller's; the maker goes on.
///
/// Concurrency: both lists are read and written under one lock (rank kFirstValue). Nothing that
/// runs Python code, releases an object or attaches a thread happens under it. A waiter sleeps on a
/// counter that the makers advance after they left the list; it reads the counter under the lock in
/// which it saw the value being made, so no advance is missed. A fork takes the lock, and its child
/// forgets the entries of all threads that it does not have (watch_forks).
#pragma once

#include <Python.h>

#include "interp_state/region.h"

#include <cstdint>

namespace hpystate {

/// What makes a value: a new reference, or nullptr with an exception set.
struct Maker {
    PyObject* (*make)(void* data) noexcept;
    void* data;
};

/// The object of a slot in the interpreter of a region, to which the thread is attached: a new
/// reference. Where there is none, `maker` makes it. nullptr with an exception set: see
/// HPyGlobal_LoadOrInit in hpystate/fused.h. `function` is the name for messages.
[[nodiscard]] PyObject* first_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                                    const char* function) noexcept;

/// From now on forks of this process know of makers and waiters; once is enough. False: there is no
/// memory for that, and nothing was changed.
[[nodiscard]] bool watch_forks() noexcept;

/// The maker of HPyGlobal_Import. Both are UTF-8; without an attribute it is the module itself.
struct Import {
    const char* module;
    const char* attribute;

    [[nodiscard]] Maker maker() noexcept;
};

} // namespace hpystate
