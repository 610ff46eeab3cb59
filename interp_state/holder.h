/// interp_state/holder.h: the object that reports an interpreter's globals to its collector.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

namespace hpystate {

/// Makes a holder, tracked by the collector of the calling thread's interpreter, that reports
/// nothing yet. Returns a new reference, or nullptr with an exception set.
[[nodiscard]] PyObject* make_holder() noexcept;

/// From now on the holder visits each reference that the region's window owns, once. It owns none
/// itself, so it has nothing to clear. A region has one such holder and keeps it alive until its
/// values are released. `end` does what the exit callback does.
void attach_holder(PyObject* holder, Region& region, void (*end)(Region&) noexcept) noexcept;

/// The interpreter's last collection is next. From now on the holder reports the region's reference
/// to it as its own, so the collector takes it for garbage, unless the exit callback runs first.
/// Its finalizer then calls `end`.
void leave_holder(PyObject* holder) noexcept;

/// The interpreter's exit callback runs, so nobody needs the collector to find the holder: from now
/// on it is not garbage, and neither are the values.
void keep_holder(PyObject* holder) noexcept;

/// The values were released: the holder reports nothing from now on. It lives on only if other code
/// got a reference to it, as by gc.get_objects().
void detach_holder(PyObject* holder) noexcept;

} // namespace hpystate
