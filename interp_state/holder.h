/// interp_state/holder.h: the object that shows an interpreter's globals to its collector.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

namespace hpystate {

/// Makes a holder, tracked by the collector of the calling thread's interpreter, that shows nothing
/// yet. Returns a new reference, or nullptr with an exception set.
[[nodiscard]] PyObject* make_holder() noexcept;

/// From now on the holder visits each reference that the region's window owns once; it owns none
/// itself, so it has nothing to clear. A region has one such holder, which it keeps alive until its
/// values are released. `end` is what the exit callback does.
void attach_holder(PyObject* holder, Region& region, void (*end)(Region&) noexcept) noexcept;

/// The interpreter is about to make its last collection. From now on the region's reference counts
/// as one that the holder has to itself, so the collector takes the holder for garbage, unless the
/// exit callback is first. The holder then does what the callback should have done.
void leave_holder(PyObject* holder) noexcept;

/// The holder outlives its region's window only in a list that somebody took from the collector.
void detach_holder(PyObject* holder) noexcept;

} // namespace hpystate
