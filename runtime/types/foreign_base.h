/// runtime/types/foreign_base.h: bases of HPy types that are not HPy types: builtin types, classes
/// made in Python, types of the C API; and legacy types with a tp_traverse of their own.
///
/// An HPy type has a tp_dealloc, a tp_traverse and a tp_clear of its own, which CPython calls in
/// place of those of its bases. So they must call the base's functions: the base may hold a dict,
/// items or slots. CPython's subtype_dealloc does the same for classes made in Python, but it
/// cannot be used here: called for an instance of an HPy type, it would call our function again,
/// without end. So the work for the classes in between is done here.
#pragma once

#include <Python.h>

#include "runtime/types/record.h"

namespace hpystate {

/// Finds the tp_dealloc of classes made in Python. Called before the first HPy type with a foreign
/// base is made. False: an exception is set.
[[nodiscard]] bool prepare_foreign_bases() noexcept;

/// The nearest base of `type`, or itself, that is neither a transparent HPy type (record.h) nor a
/// class made in Python: its functions handle everything below. In the end `object`.
[[nodiscard]] PyTypeObject* foreign_base(PyTypeObject* type) noexcept;

/// Whether among the bases of `type` is anything but transparent HPy types and object, or whether
/// its instances have a dict, which no HPy struct holds.
[[nodiscard]] bool has_foreign_base(PyTypeObject* type) noexcept;

/// Visits what the foreign bases of an instance hold, and the instance's type unless they do.
/// `record` is that of the type whose function runs, here and below.
[[nodiscard]] int visit_foreign_parts(PyObject* self, const TypeRecord* record, visitproc visit,
                                      void* arg);

/// Breaks cycles through what the foreign bases of an instance hold.
[[nodiscard]] int clear_foreign_parts(PyObject* self, const TypeRecord* record);

/// Releases what the foreign bases of an instance hold, the instance's memory, and its reference to
/// its type. The instance is not tracked.
void release_foreign_parts(PyObject* self, const TypeRecord* record);

} // namespace hpystate
