/// interp_state/teardown.h: what happens to a region when its interpreter ends.
///
/// PyUnstable_AtExit (3.12: _Py_AtExit) runs the callback after all modules, thread states and the
/// interpreter's dict are gone and before the last collection, with a thread state attached. A
/// module's m_free is no such hook (it never runs if one object of the module leaks), and the
/// interpreter's dict is cleared too early (other libraries' destructors still run).
///
/// Before 3.13.2 CPython loses exit callbacks: where there are three, the last one takes the place
/// of the one before it (gh-127791). So there is a second way: an object in the interpreter's dict,
/// which goes shortly before the last collection, leaves the holder to the collector (holder.h).
#pragma once

#include "interp_state/region.h"

namespace hpystate {

/// What the end of an interpreter does to its region, once: closes the window, releases the values.
/// The thread is attached to the region's owner; an exception that is set stays.
void end_region(Region& region) noexcept;

/// Gives a region what it needs once: its holder, its exit callback, its object in the dict. The
/// thread is attached to the region's owner. May be called again, also after it failed. False: an
/// exception is set.
[[nodiscard]] bool prepare_lifetime(Region& region) noexcept;

} // namespace hpystate
