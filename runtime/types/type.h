/// runtime/types/type.h: from a description to a heap type.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"
#include "runtime/types/description.h"

namespace hpystate {

/// Makes the type that `wanted` describes, in the interpreter that the thread is attached to.
/// `site` says in which mode the type's functions run, and with whose context it is made. Returns a
/// new reference, or nullptr with an exception set:
///   ValueError   a shape that HPy does not have, a size below 0, HAVE_GC without a tp_traverse
///   TypeError    params that contradict each other, a base whose layout the struct does not fit,
///                a builtin shape without its base, legacy parts that do not go with the rest
///   SystemError  a definition that is incomplete or of the wrong kind
/// and what PyType_FromMetaclass raises. Throws std::bad_alloc.
[[nodiscard]] PyObject* make_type(const TypeDescription& wanted, Site site);

} // namespace hpystate
