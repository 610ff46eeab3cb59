/// runtime/cpython/interpreter_end.h: exit callbacks, and whether an interpreter or Python is
/// ending.
#pragma once

#include <Python.h>

namespace hpystate {

/// Registers `callback(data)` for the end of the interpreter that the thread is attached to: after
/// its modules, thread states and dict are gone, before its last collection, with a thread state
/// attached. -1: an exception may be set. CPython 3.13's list of callbacks has no lock.
[[nodiscard]] int add_exit_callback(void (*callback)(void*), void* data) noexcept;

/// Whether the interpreter of the calling thread has lost its modules: it is ending, and its exit
/// callbacks ran or are about to. A region adopted now would never be torn down. An exception that
/// is set stays.
[[nodiscard, gnu::cold]] bool is_ending() noexcept;

/// Whether Python itself is ending: all threads but the one that ends it stop for good, at the
/// latest when they attach. Their stacks stay (runtime/cpython/thread_exit.cpp). Callable without
/// being attached.
[[nodiscard, gnu::cold]] bool is_finalizing() noexcept;

/// The same for the other threads of the calling thread's interpreter, which is ending.
[[nodiscard, gnu::cold]] bool has_stopped_threads() noexcept;

} // namespace hpystate
