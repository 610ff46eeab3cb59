/// runtime/types/typeflags.h: each flag of a type is passed to CPython, or refused by name.
///
/// CPython does not check the flags: with wrong ones it may call whatever is at offset 0 of an
/// instance, or pass an instance to a method that takes none. So each flag is checked before the
/// type is used.
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/facts.h"

namespace hpystate {

/// Whether every flag that is set works for such a type with these bases (a tuple, or null). False:
/// a TypeError that names the flag is set.
[[nodiscard]] bool check_flags(const TypeDescription& wanted, const TypeFacts& facts,
                               PyObject* bases);

/// The flags for CPython's spec. `collected`: the collector tracks the instances, even if the
/// description does not ask for it.
[[nodiscard]] unsigned flags_for_cpython(const TypeDescription& wanted, bool collected) noexcept;

/// Checks the two flags for a slot that the type may inherit. A debug build of CPython asserts,
/// before inheritance, that the type has the slot itself; so these flags are set after the type is
/// made. False: neither the type nor a base has the slot, and a TypeError that names the flag is
/// set.
[[nodiscard]] bool check_late_flags(const TypeDescription& wanted, const PyTypeObject* type);

/// Sets these flags, on a type that no other code has seen yet.
void set_late_flags(const TypeDescription& wanted, const TypeFacts& facts,
                    PyTypeObject* type) noexcept;

} // namespace hpystate
