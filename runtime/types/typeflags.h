/// runtime/types/typeflags.h: each bit of a spec's flags is handed to CPython, or refused by name.
#pragma once

#include <Python.h>

#include "runtime/types/typeparts.h"

namespace hpystate {

/// The flags by which CPython keeps a word in front of the instance: its dict, its weak references.
inline constexpr unsigned long kInFront = Py_TPFLAGS_MANAGED_DICT | Py_TPFLAGS_MANAGED_WEAKREF;

/// Whether every flag that is set can have its effect on a type with these parts and bases (a
/// tuple, or null). False: a TypeError that names the flag is set. To be called when `parts` is
/// complete and before the type is made: CPython believes what it is told.
[[nodiscard]] bool check_flags(const TypeDescription& wanted, const TypeParts& parts,
                               PyObject* bases);

/// The flags of CPython's wanted.
[[nodiscard]] unsigned flags_for_cpython(const TypeDescription& wanted,
                                         const TypeParts& parts) noexcept;

/// Sets the flags that speak about a slot which the type may have from a base: a debug build of
/// CPython asserts, before it inherits, that the type has the slot itself. False: neither has it,
/// and a TypeError that names the flag is set.
[[nodiscard]] bool set_late_flags(const TypeDescription& wanted, const TypeParts& parts,
                                  PyTypeObject* type);

} // namespace hpystate
