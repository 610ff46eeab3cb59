/// runtime/types/field.h: what an HPyField holds, and functions that read and write one.
///
/// With the GIL a field holds the object's address and owns a reference. Without the GIL that is
/// not safe: HPyField_Load gets the field by value, so another thread may have stored to it, and
/// released the object, before the load can take a lock. So without the GIL the field holds the
/// address of a *cell*, which holds the object; a load takes its reference under the cell's lock.
///
///     field:  0  --store-->  {generation, cell, 1}  --store null, end of the owner-->  0
///     cell:   free  ------>  object --store--> object  ----------------------------->  free
///
/// Cells are never freed, and their generation counts their uses. So a load with an old word still
/// reads a cell. If the cell was freed since, its generation differs, and the load returns null:
/// the field was null in between. (The generation has 15 bits: a load goes wrong only if the cell
/// is reused 32,768 times while it runs.) There are as many cells as there were fields with an
/// object at the same time.
///
/// Two kinds of code would take a cell for an object. CPython's members would, so HPyMember_OBJECT
/// and HPyMember_OBJECT_EX become get-sets (late_member.h). Code of the C API would, which may
/// declare a PyObject * where HPy has the field. So in instances of a legacy type, or of a type
/// derived from one, fields hold objects' addresses, and a load of such a field must not race with
/// a store.
///
/// Concurrency: a field is written inside its owner's critical section, and read by the extension
/// outside of one. A cell's words are read and written under the lock of its stripe; only the
/// collector reads them without the lock, while the world is stopped.
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "runtime/calls/handle.h"

#include <hpy/define.h>

#include <cstdint>
#include <utility>

namespace hpystate {

/// Bit 0 of a field's word: set if the word names a cell, not an object. No object has an odd
/// address.
inline constexpr std::uintptr_t kCellTag = 1;

[[nodiscard]] inline bool is_cell(std::intptr_t word) noexcept {
    return kNoGil && (static_cast<std::uintptr_t>(word) & kCellTag) != 0;
}

/// The object of the cell that a field's word names, borrowed.
[[nodiscard]] PyObject* object_in_cell(std::intptr_t word) noexcept;

/// Frees that cell and returns its object; the caller owns the reference.
[[nodiscard]] PyObject* empty_cell(std::intptr_t word) noexcept;

/// The object of a field, borrowed, or nullptr. For the collector: no other thread runs.
[[nodiscard]] inline PyObject* object_in(const HPyField& field) noexcept {
    return is_cell(field._i) ? object_in_cell(field._i) : as_object(HPy{field._i});
}

/// Sets the field to null and returns its object, or nullptr; the caller owns the reference.
[[nodiscard]] inline PyObject* take_from(HPyField& field) noexcept {
    const std::intptr_t word = std::exchange(field._i, 0);
    return is_cell(word) ? empty_cell(word) : as_object(HPy{word});
}

/// A new reference to the object of a field of `owner`, or nullptr if it is null. A field that is
/// passed by value may have changed since; one that is passed by address is read inside the owner's
/// critical section.
[[nodiscard]] PyObject* load_field(PyObject* owner, HPyField field) noexcept;
[[nodiscard]] PyObject* load_field(PyObject* owner, HPyField* field) noexcept;

/// Stores `object` (or null) in a field of `owner`. `old` is the object that was there; the caller
/// owns the reference and must release it last, since its destructor may read the field. False:
/// MemoryError is set, nothing was changed, and `old` is nullptr.
[[nodiscard]] bool store_field(PyObject* owner, HPyField* field, PyObject* object,
                               PyObject*& old) noexcept;

} // namespace hpystate
