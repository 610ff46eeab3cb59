/// runtime/cpython/guarded.h: turns C++ exceptions into Python's; for entry points that allocate in
/// C++.
#pragma once

#include <Python.h>

#include "globals/throwing.h"

#include <exception>

namespace hpystate {

/// Runs `body` and returns its result; `failed`, with a MemoryError, if memory runs out. What the
/// runtime's own code throws is std::bad_alloc, or std::length_error where sizes add up to more
/// than there can be.
template <typename Result, typename Body>
[[nodiscard]] Result guarded(Result failed, Body&& body) noexcept {
    if (!can_throw()) {
        PyErr_NoMemory();
        return failed;
    }
    try {
        return body();
    } catch (const std::exception&) {
        PyErr_NoMemory();
        return failed;
    }
}

} // namespace hpystate
