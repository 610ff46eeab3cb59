/// runtime/types/legacy.h: the legacy slots of a type, which are CPython's own table.
///
/// As in PyType_FromSpec, of several slots with one number the last one is used: real code relies
/// on it. A null function leaves a slot empty, as in CPython.
#pragma once

#include <Python.h>

#include <structmember.h>
#include <vector>

namespace hpystate {

/// The parts of a table of legacy slots that are not passed to CPython unchanged.
struct LegacyParts {
    const PyMethodDef* methods = nullptr; ///< ended by a zero entry, or null; so are the next two
    const PyGetSetDef* getsets = nullptr;
    const PyMemberDef* members = nullptr;
    const PyType_Slot* base = nullptr;  ///< the slot Py_tp_base
    const PyType_Slot* bases = nullptr; ///< the slot Py_tp_bases
    bool dealloc = false;               ///< the last Py_tp_dealloc is not null; it is used
    bool traverse = false;
    bool clear = false;
    bool any_dealloc = false; ///< some Py_tp_dealloc is not null
};

/// Reads a table that ends with a zero slot. A null table has no parts.
[[nodiscard]] LegacyParts find_legacy_parts(const PyType_Slot* table) noexcept;

/// Adds the other slots of the table behind HPy's `slots`, or replaces the one with the same
/// number. Throws std::bad_alloc.
void merge_legacy_slots(std::vector<PyType_Slot>& slots, const PyType_Slot* table);

/// Appends the entries of a legacy table of get-sets or members.
template <typename Entry>
void append_table(std::vector<Entry>& entries, const Entry* table) {
    for (; table != nullptr && table->name != nullptr; ++table)
        entries.push_back(*table);
}

} // namespace hpystate
