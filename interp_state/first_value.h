/// interp_state/first_value.h: one value per interpreter, made at the first use:
/// HPyGlobal_LoadOrInit and HPyGlobal_Import without a context.
///
///     absent --caller makes it--> being made --published--> present
///        ^------------- failed ------'
///
/// A thread that asks while the value is being made waits, detached from its interpreter. One list
/// holds the waits of the whole process, since a thread of one interpreter may run code of another.
/// A wait that would close a circle of threads is refused, and so is a maker that asks for its own
/// value. In an interpreter that is ending no thread waits, since the maker may have been stopped
/// for good.
///
/// Signals interrupt a wait, as they do for Python's own locks: the waiter leaves its list,
/// attaches, runs the handlers, and checks again. What a handler raises goes to the waiter's
/// caller; the maker goes on.
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
/// reference. If there is none, `maker` makes it. nullptr with an exception set: see
/// HPyGlobal_LoadOrInit in hpystate/fused.h. `function` is the name for messages.
[[nodiscard]] PyObject* first_value(Region& region, std::uintptr_t* slot, const Maker& maker,
                                    const char* function) noexcept;

/// Registers what a fork has to do about makers and waiters; a second call does nothing. False: no
/// memory, and nothing was changed.
[[nodiscard]] bool watch_forks() noexcept;

/// The maker of HPyGlobal_Import. Both are UTF-8; without an attribute it is the module itself.
struct Import {
    const char* module;
    const char* attribute;

    [[nodiscard]] Maker maker() noexcept;
};

} // namespace hpystate
