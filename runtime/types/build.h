/// runtime/types/build.h: from a checked description to a heap type.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/check.h"

namespace hpystate {

/// Makes the type, in the interpreter that the thread is attached to. The description may go
/// afterwards: what CPython keeps lies in the extension's file or is interned. Returns a new
/// reference, or nullptr with an exception set: what PyType_FromMetaclass refuses, MemoryError, and
/// SystemError where the process has run out of thunks or of room for records. Throws
/// std::bad_alloc.
[[nodiscard]] PyObject* build_type(const CheckedType& type, Site site);

} // namespace hpystate
