/// interp_state/teardown.h: what happens to a region when its interpreter ends.
///
/// PyUnstable_AtExit (3.12: _Py_AtExit) runs the callback after all modules, thread states and the
/// interpreter's dict are gone and before the last collection, with a thread state attached. A
/// module's m_free does not serve (it never runs if one object of the module leaks), and the
/// interpreter's dict does not either: it is cleared too early (other libraries' destructors still
/// run).
///
/// Before 3.13.2 CPython loses exit callbacks: where there are three, the last one replaces the one
/// before it (gh-127791). So there is a fallback: a capsule in the interpreter's dict, which is
/// cleared shortly before the last collection. It lets the collector find the holder, whose
/// finalizer ends the region (holder.h).
#pragma once

#include "interp_state/region.h"

namespace hpystate {

/// Ends a region with its interpreter: releases the values that end in their order (ends.h), closes
/// the window, releases all others. A second call does nothing, also one that a destructor causes.
/// The thread is attached to the region's owner; an exception that is set stays.
void end_region(Region& region) noexcept;

/// Gives a region its holder, its exit callback and its capsule in the interpreter's dict. The
/// thread is attached to the region's owner. May be called again, also after it failed. False: an
/// exception is set.
[[nodiscard]] bool prepare_lifetime(Region& region) noexcept;

} // namespace hpystate
