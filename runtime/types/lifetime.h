/// runtime/types/lifetime.h: visiting, clearing and destroying instances, without a context.
#pragma once

#include <Python.h>

#include "runtime/types/record.h"

namespace hpystate {

/// The functions that CPython gets for the types of one record.
struct TypeThunks {
    destructor dealloc;
    traverseproc traverse;
    inquiry clear;
};

/// Returns the thunks for a record, whose `free` it sets. All are null if the pool is used up.
/// Throws std::bad_alloc.
[[nodiscard]] TypeThunks type_thunks_for(TypeRecord wanted);

/// The tp_alloc of a type on int whose record keeps memory: as PyType_GenericAlloc, with room for
/// so many digits, at least one. nullptr: MemoryError is set.
[[nodiscard]] PyObject* allocate_int(PyTypeObject* type, Py_ssize_t digits);

} // namespace hpystate
