/// runtime/types/definitions.h: makes the tables that CPython keeps of an extension's definitions.
///
/// The extension's definitions are read and never written. The tables made of them are interned:
/// there is one table per process for equal contents, and it is never freed (globals/interner.h
/// gives the reason).
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"

#include <span>

namespace hpystate {

/// Whether every method has a name, a function, and a signature that methods can have. False: an
/// exception for the first method that lacks one is set, a ValueError for the signature, otherwise
/// a SystemError.
[[nodiscard]] bool check_methods(std::span<const Definition> definitions);

/// Whether every get-set has a name and a function. False: a SystemError is set.
[[nodiscard]] bool check_getsets(std::span<const Definition> definitions);

/// Makes the table of all methods in `definitions`, which were checked, followed by those of a
/// legacy table (ended by a zero entry; may be null). Sets `methods`, to nullptr if there are none.
/// False with an exception set: no thunk is left for a function. Throws std::bad_alloc.
[[nodiscard]] bool make_methods(std::span<const Definition> definitions, const PyMethodDef* legacy,
                                Site site, PyMethodDef*& methods);

/// The same for all get-sets, followed by `others`.
[[nodiscard]] bool make_getsets(std::span<const Definition> definitions,
                                std::span<const PyGetSetDef> others, Site site,
                                PyGetSetDef*& getsets);

} // namespace hpystate
