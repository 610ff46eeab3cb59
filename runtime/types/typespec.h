/// runtime/types/typespec.h: from an HPyType_Spec to a heap type.
#pragma once

#include <Python.h>

#include "runtime/calls/thunks.h"

#include <hpy/define.h>

namespace hpystate {

/// Makes the type that `spec` describes, in the interpreter that the thread is attached to.
/// `params` (ended by kind 0; may be NULL) gives bases and metaclass; `site` says in which mode the
/// type's functions run, and with whose context it is made. The spec and what it points to are read
/// only. Returns a new reference, or nullptr with an exception set:
///   ValueError   a shape that HPy does not have, a size below 0, HAVE_GC without a tp_traverse
///   TypeError    params that contradict each other, a base whose layout the struct does not fit,
///                a builtin shape without its base, legacy parts that do not go with the rest
///   SystemError  a definition that is incomplete or of the wrong kind
/// and what PyType_FromMetaclass raises. Throws std::bad_alloc.
[[nodiscard]] PyObject* type_from_spec(const HPyType_Spec& spec, const HPyType_SpecParam* params,
                                       Site site);

/// The same for a function of a context: out of memory is a MemoryError, a NULL spec a SystemError.
[[nodiscard]] PyObject* type_from_spec_or_null(const HPyType_Spec* spec,
                                               const HPyType_SpecParam* params, Site site) noexcept;

} // namespace hpystate
