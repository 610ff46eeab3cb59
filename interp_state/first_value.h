/// interp_state/first_value.h: one value per interpreter, made at the first use:
/// HPyGlobal_LoadOrInit and HPyGlobal_Import without a context.
///
/// One thread makes the value, others that need it wait (interp_state/turns.h). A wait that would
/// never end is a RuntimeError, and so is one in an interpreter that is ending. What a signal's
/// handler raises during a wait goes to the waiter's caller; the maker goes on.
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

/// The same for a value that ends before the others when its interpreter does, the last one that
/// was made first (interp_state/ends.h). RuntimeError: it has ended.
[[nodiscard]] PyObject* first_value_in_order(Region& region, std::uintptr_t* slot,
                                             const Maker& maker, const char* function) noexcept;

/// The maker of HPyGlobal_Import. Both are UTF-8; without an attribute it is the module itself.
struct Import {
    const char* module;
    const char* attribute;

    [[nodiscard]] Maker maker() noexcept;
};

} // namespace hpystate
