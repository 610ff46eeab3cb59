/// runtime/types/type.h: makes a heap type of a description.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"

namespace hpystate {

/// Makes the type that `wanted` describes, in the interpreter that the thread is attached to.
/// `site` holds the mode of the type's functions, and the context of the caller. Returns a new
/// reference, or nullptr with an exception set:
///   ValueError   a shape that HPy does not have, a size below 0, HAVE_GC without a tp_traverse
///   TypeError    params that contradict each other, a base that the struct does not fit on,
///                a builtin shape without its base, legacy parts that contradict the rest
///   SystemError  a definition that is incomplete or of the wrong kind
/// and what PyType_FromMetaclass raises. Throws std::bad_alloc.
[[nodiscard]] PyObject* make_type(const TypeDescription& wanted, Site site);

} // namespace hpystate
