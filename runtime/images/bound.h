/// runtime/images/bound.h: functions that must know which interpreter an image belongs to.
///
/// CPython finds the interpreter by the calling thread, and takes the main one where the thread has
/// none. An image belongs to one interpreter, so its calls of these functions go to others, which
/// get the Owner too.
#pragma once

#include <Python.h>

#include <cstdint>
#include <span>

namespace hpystate::images {

/// A function of CPython that images get another one for.
struct Bound {
    const char* name;
    void* function;         ///< with one parameter more, the Owner*
    std::uint8_t parameter; ///< its index
};

/// In a fixed order.
[[nodiscard]] std::span<const Bound> bound_functions() noexcept;

/// The name of the module that the calling thread is making, for PyModule_Create2: a module is
/// created with its short name, and CPython's import machinery knows the dotted one. nullptr: none.
extern thread_local const char* module_being_made;

} // namespace hpystate::images
