/// runtime/types/definitions.h: from the extension's definitions to the tables that CPython keeps.
///
/// The extension's definitions are read and never written. The tables made of them are interned:
/// one per process for equal contents, never freed (globals/interner.h says why).
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"

#include <span>

namespace hpystate {

/// Whether every method has a name, a function, and a signature that methods can have. False: the
/// first that lacks one is set as exception, a ValueError for the signature, else a SystemError.
[[nodiscard]] bool check_methods(std::span<const Definition> definitions);

/// Whether every get-set has a name and a function. False: a SystemError is set.
[[nodiscard]] bool check_getsets(std::span<const Definition> definitions);

/// The table of all methods in `definitions`, which were checked, and behind them those of a legacy
/// table (ended by a zero entry; may be null). Sets `methods`, to nullptr where there are none.
/// False with an exception set: no thunk is left for a function. Throws std::bad_alloc.
[[nodiscard]] bool make_methods(std::span<const Definition> definitions, const PyMethodDef* legacy,
                                Site site, PyMethodDef*& methods);

/// The same for all get-sets, and behind them the others.
[[nodiscard]] bool make_getsets(std::span<const Definition> definitions,
                                std::span<const PyGetSetDef> others, Site site,
                                PyGetSetDef*& getsets);

} // namespace hpystate
