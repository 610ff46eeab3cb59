/// runtime/types/foreign_base.h: bases of HPy types that are none: builtin types, classes made in
/// Python, types of the C API; and legacy types that bring a tp_traverse of their own.
///
/// An HPy type has a tp_dealloc, a tp_traverse and a tp_clear of its own, which CPython calls in
/// place of those of its bases. So they must call on: the base may hold a dict, items, slots.
/// CPython does the same for classes made in Python (subtype_dealloc); but its function, called for
/// an instance of ours, would find ours as the next one and never end. What it does for the classes
/// in between is therefore done here.
#pragma once

#include <Python.h>

#include "runtime/types/record.h"

namespace hpystate {

/// Learns how CPython destroys instances of classes made in Python. Called before the first HPy
/// type with a foreign base is made. False: an exception is set.
[[nodiscard]] bool prepare_foreign_bases() noexcept;

/// The nearest base of `type`, or itself, that is neither an HPy type that can be looked into nor a
/// class made in Python: its functions know all that is below. `object` at the end.
[[nodiscard]] PyTypeObject* foreign_base(PyTypeObject* type) noexcept;

/// Whether the chain of bases of `type` has anything but HPy types that can be looked into, and
/// object; or a dict of instances, which no HPy struct holds.
[[nodiscard]] bool has_foreign_base(PyTypeObject* type) noexcept;

/// Shows the collector what the foreign bases of an instance hold, and its type unless they do.
/// `record` is that of the type whose function runs, here and below.
[[nodiscard]] int visit_foreign_parts(PyObject* self, const TypeRecord* record, visitproc visit,
                                      void* arg);

/// Breaks cycles through what the foreign bases of an instance hold.
[[nodiscard]] int clear_foreign_parts(PyObject* self, const TypeRecord* record);

/// Releases what the foreign bases of an instance hold, the instance's memory, and its reference to
/// its type. The instance is not tracked.
void release_foreign_parts(PyObject* self, const TypeRecord* record);

} // namespace hpystate
