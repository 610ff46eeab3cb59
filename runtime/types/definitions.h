/// runtime/types/definitions.h: from the extension's definitions to the tables that CPython keeps.
///
/// The extension's definitions are read and never written. The tables made of them are interned:
/// one per process for equal contents, never freed (globals/interner.h says why).
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"

#include <hpy/define.h>

#include <span>
#include <vector>

namespace hpystate {

/// Adds the entries of a legacy table, which a zero entry ends.
void append_methods(std::vector<PyMethodDef>& methods, const PyMethodDef* table);

/// The method table of all HPyMeth in `defines` (ended by NULL; may be NULL itself), and behind
/// them the legacy ones. Sets `methods`, to nullptr where there are none. False with an exception
/// set: an unsupported signature or a definition without a function. Throws std::bad_alloc.
[[nodiscard]] bool make_methods(HPyDef* const* defines, std::span<const PyMethodDef> legacy,
                                Site site, PyMethodDef*& methods);

/// The same for all HPyGetSet, and behind them the others.
[[nodiscard]] bool make_getsets(HPyDef* const* defines, std::span<const PyGetSetDef> others,
                                Site site, PyGetSetDef*& getsets);

} // namespace hpystate
