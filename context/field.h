/// context/field.h: what an HPyField holds.
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
/// Concurrency: a field is written under its owner's critical section, and read by the extension
/// without any; a cell's words are read and written under the lock of its stripe. Only the
/// collector reads them without, while the world is stopped.
#pragma once

#include <Python.h>

#include "context/handle.h"
#include "globals/gil.h"

#include <hpy/define.h>

#include <cstdint>
#include <utility>

namespace hpystate {

/// The object of the cell that a field's word says, borrowed.
[[nodiscard]] PyObject* object_in_cell(std::intptr_t word) noexcept;

/// Frees that cell and gives its object, a reference of the caller's now.
[[nodiscard]] PyObject* empty_cell(std::intptr_t word) noexcept;

/// The object of a field, borrowed, or nullptr. For the collector: no other thread runs.
[[nodiscard]] inline PyObject* object_in(const HPyField& field) noexcept {
    if constexpr (!kNoGil) return as_object(HPy{field._i});
    return field._i != 0 ? object_in_cell(field._i) : nullptr;
}

/// Makes the field null and gives its object, a reference of the caller's now, or nullptr.
[[nodiscard]] inline PyObject* take_from(HPyField& field) noexcept {
    const std::intptr_t word = std::exchange(field._i, 0);
    if constexpr (!kNoGil) return as_object(HPy{word});
    return word != 0 ? empty_cell(word) : nullptr;
}

} // namespace hpystate
