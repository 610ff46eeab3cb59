/// interp_state/regions.h: reads the regions of all interpreters, one after the other.
///
/// For reports: the caller is attached to one interpreter and reads of the others what is safe
/// without their GILs. `read` runs under the directory lock, which orders it with adopt(), where a
/// region changes its owner. So it may read
///   interpreter_id, generation   written under that lock
///   phase, owner                 atomic words
///   the window's entry_of()      two atomic words. The owner's threads write them meanwhile, so
///                                token and word are each right at a moment, not at the same one.
///                                Window::reset(), which empties them, runs under that lock.
/// and nothing else: an object belongs to the threads of its interpreter, and the overflow of the
/// window has no lock of its own where there is a GIL. A region is never unmapped. The lock is
/// released between two regions, so an import in another interpreter waits for one region at most.
#pragma once

#include "interp_state/region.h"

namespace hpystate {

/// Calls `read(region, data)` for the first region (`after` is nullptr) or the one behind `after`,
/// under the directory lock: `read` allocates nothing and calls no Python. Returns that region;
/// nullptr: there is none, and nothing was called.
[[nodiscard]] const Region* read_next_region(const Region* after,
                                             void (*read)(const Region& region, void* data),
                                             void* data) noexcept;

} // namespace hpystate
