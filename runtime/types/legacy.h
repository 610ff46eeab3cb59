/// runtime/types/legacy.h: the legacy slots of a type, which are CPython's own table.
///
/// As in PyType_FromSpec, of several slots with one number the last one counts: real code relies on
/// it. A null function is CPython's way to leave a slot empty.
#pragma once

#include <Python.h>

#include <structmember.h>
#include <vector>

namespace hpystate {

/// What a table of legacy slots brings, apart from the slots that CPython takes as they are.
struct LegacyParts {
    const PyMethodDef* methods = nullptr; ///< ended by a zero entry, or null; as the next two
    const PyGetSetDef* getsets = nullptr;
    const PyMemberDef* members = nullptr;
    const PyType_Slot* base = nullptr;  ///< the slot Py_tp_base
    const PyType_Slot* bases = nullptr; ///< the slot Py_tp_bases
    bool dealloc = false;               ///< a Py_tp_dealloc that serves as it is
    bool traverse = false;
    bool clear = false;
    bool any_dealloc = false; ///< some Py_tp_dealloc is not null, whether it is the last or not
};

/// Looks through a table that a zero slot ends. Null has no parts.
[[nodiscard]] LegacyParts find_legacy_parts(const PyType_Slot* table) noexcept;

/// Puts the slots of a table that are not among its LegacyParts behind HPy's `slots`, or in their
/// place where the number is the same. Throws std::bad_alloc.
void merge_legacy_slots(std::vector<PyType_Slot>& slots, const PyType_Slot* table);

/// Appends the entries of a legacy table of get-sets or members.
template <typename Entry>
void append_table(std::vector<Entry>& entries, const Entry* table) {
    for (; table != nullptr && table->name != nullptr; ++table)
        entries.push_back(*table);
}

} // namespace hpystate
