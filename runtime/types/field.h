/// runtime/types/field.h: what an HPyField holds, and the ways to read and write one.
///
/// With the GIL: the object's address, owned by the field. Without it that would not do:
/// HPyField_Load is given the field by value, so another thread may have stored to it, and released
/// what it said, before the load could take any lock. So the field holds the address of a *cell*,
/// which has the object; a load takes its reference under the cell's lock.
///
///     field:  0  --store-->  {generation, cell, 1}  --store null, end of the owner-->  0
///     cell:   free  ------>  object --store--> object  ----------------------------->  free
///
/// Cells are never given back to the system and their generation counts their uses, so a load with
/// a word that was read long ago reads a cell, and finds another generation: the field was null
/// meanwhile, which is what it gives. (The generation has 15 bits: it would have to come round
/// within one load.) There are as many cells as there were fields with an object at once.
///
/// Two things would read a cell as an object. CPython's members do, so HPyMember_OBJECT and
/// HPyMember_OBJECT_EX are get-sets of ours (late_member.h). And code of the C API does, which may
/// have a PyObject * where HPy has the field: so in instances of a legacy type, or of one on top of
/// it, fields hold addresses, and a load of one must not race with a store.
///
/// Concurrency: a field is written under its owner's critical section, and read by the extension
/// without any; a cell's words are read and written under the lock of its stripe. Only the
/// collector reads them without, while the world is stopped.
#pragma once

#include <Python.h>

#include "globals/gil.h"
#include "runtime/calls/handle.h"

#include <hpy/define.h>

#include <cstdint>
#include <utility>

namespace hpystate {

/// Bit 0 of a field's word: it says a cell. No object has such an address.
inline constexpr std::uintptr_t kCellTag = 1;

[[nodiscard]] inline bool says_cell(std::intptr_t word) noexcept {
    return kNoGil && (static_cast<std::uintptr_t>(word) & kCellTag) != 0;
}

/// The object of the cell that a field's word says, borrowed.
[[nodiscard]] PyObject* object_in_cell(std::intptr_t word) noexcept;

/// Frees that cell and gives its object, a reference of the caller's now.
[[nodiscard]] PyObject* empty_cell(std::intptr_t word) noexcept;

/// The object of a field, borrowed, or nullptr. For the collector: no other thread runs.
[[nodiscard]] inline PyObject* object_in(const HPyField& field) noexcept {
    return says_cell(field._i) ? object_in_cell(field._i) : as_object(HPy{field._i});
}

/// Makes the field null and gives its object, a reference of the caller's now, or nullptr.
[[nodiscard]] inline PyObject* take_from(HPyField& field) noexcept {
    const std::intptr_t word = std::exchange(field._i, 0);
    return says_cell(word) ? empty_cell(word) : as_object(HPy{word});
}

/// A new reference to what a field of `owner` says, or nullptr: it is null. By value it may have
/// been read long ago; by address it is read under the owner's critical section.
[[nodiscard]] PyObject* load_field(PyObject* owner, HPyField field) noexcept;
[[nodiscard]] PyObject* load_field(PyObject* owner, HPyField* field) noexcept;

/// Puts `object` into a field of `owner`, or null; `old` is what was there, a reference of the
/// caller's now, to be released last: its destructor may read the field. False: MemoryError is
/// set, nothing was changed, `old` is nullptr.
[[nodiscard]] bool store_field(PyObject* owner, HPyField* field, PyObject* object,
                               PyObject*& old) noexcept;

} // namespace hpystate
