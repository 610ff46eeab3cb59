/// runtime/types/typeflags.h: each bit of a type's flags is handed to CPython, or refused by name.
///
/// CPython believes the flags: with the wrong ones it calls what lies at offset 0 of an instance,
/// or passes an instance to a method that takes none. So each is checked before the type is used.
#pragma once

#include <Python.h>

#include "runtime/types/description.h"
#include "runtime/types/facts.h"

namespace hpystate {

/// Whether every flag that is set can have its effect on such a type on these bases (a tuple, or
/// null). False: a TypeError that names the flag is set.
[[nodiscard]] bool check_flags(const TypeDescription& wanted, const TypeFacts& facts,
                               PyObject* bases);

/// The flags of CPython's spec. `collected`: the type's instances are, whatever the description
/// asks for.
[[nodiscard]] unsigned flags_for_cpython(const TypeDescription& wanted, bool collected) noexcept;

/// Two flags speak about a slot which the type may have from a base. A debug build of CPython
/// asserts, before it inherits, that the type has the slot itself; so they are set when the type is
/// made. False: neither has the slot, and a TypeError that names the flag is set.
[[nodiscard]] bool check_late_flags(const TypeDescription& wanted, const PyTypeObject* type);

/// Sets those flags, on a type that nobody else has yet.
void set_late_flags(const TypeDescription& wanted, const TypeFacts& facts,
                    PyTypeObject* type) noexcept;

} // namespace hpystate
