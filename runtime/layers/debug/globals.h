/// runtime/layers/debug/globals.h: debug mode enforces the contract of HPyGlobal.
///
/// A slot is used where a module that lists it was imported in this interpreter; it holds its own
/// address and nothing else; a value belongs to the interpreter that stores it. Outside debug mode
/// all of that is safe and silent: a load returns NULL, a store registers the slot.
#pragma once

#include "runtime/layers/debug/state.h"

#include <hpy/handle.h>

namespace hpystate::layers {

/// Reports a slot that is unset, that this interpreter did not register, or whose content is not a
/// token.
void check_load(DebugState& state, HPyGlobal global, const char* function) noexcept;

/// Reports a slot that no module of this interpreter lists, one that other code wrote to, and, if
/// DebugState::search_heap is set, a value that this interpreter's collector does not track.
void check_store(DebugState& state, const HPyGlobal* global, PyObject* value,
                 const char* function) noexcept;

} // namespace hpystate::layers
