/// runtime/types/build.h: makes a heap type of a checked description.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/check.h"

namespace hpystate {

/// Makes the type, in the interpreter that the thread is attached to. The description is not needed
/// afterwards: what CPython keeps is in the extension's file or interned. Returns a new reference,
/// or nullptr with an exception set: whatever PyType_FromMetaclass raises, MemoryError, and
/// SystemError if no thunk or no record is left in the process. Throws std::bad_alloc.
[[nodiscard]] PyObject* build_type(const CheckedType& type, Site site);

} // namespace hpystate
