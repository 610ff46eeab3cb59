/// runtime/types/definitions.h: from the extension's definitions to the tables that CPython keeps.
///
/// The extension's definitions are read and never written. The tables made of them are interned:
/// one per process for equal contents, never freed (globals/interner.h says why).
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"

#include <span>
#include <vector>

namespace hpystate {

/// Adds the entries of a legacy table, which a zero entry ends.
void append_methods(std::vector<PyMethodDef>& methods, const PyMethodDef* table);

/// The table of all methods in `definitions`, and behind them the legacy ones. Sets `methods`, to
/// nullptr where there are none. False with an exception set: an unsupported signature or a
/// definition without a function. Throws std::bad_alloc.
[[nodiscard]] bool make_methods(std::span<const Definition> definitions,
                                std::span<const PyMethodDef> legacy, Site site,
                                PyMethodDef*& methods);

/// The same for all get-sets, and behind them the others.
[[nodiscard]] bool make_getsets(std::span<const Definition> definitions,
                                std::span<const PyGetSetDef> others, Site site,
                                PyGetSetDef*& getsets);

} // namespace hpystate
