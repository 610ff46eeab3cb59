/// interp_state/directory.h: from an interpreter to its region, without a context.
///
/// Readers are thunks and plain C code that know only their thread state. They take no lock and
/// write nothing: they probe a table that is at most half full, and compare the region's owner.
/// Only the owner makes an answer valid, since CPython reuses the addresses of interpreters.
#pragma once

#include <Python.h>

#include "interp_state/region.h"

#include <cstdint>

namespace hpystate {

struct Lookup {
    Region* region = nullptr;
    Region::Phase phase = Region::Phase::kFree;
};

/// The region of `interpreter`, live or dying; nullptr if it never had one. The calling thread is
/// attached to it, so a live one cannot go away meanwhile. A dying region may belong to a
/// predecessor at the same address, and may get another owner at any moment: current_region()
/// tells.
[[nodiscard]] Lookup region_of(const PyInterpreterState* interpreter) noexcept;

/// Finds or makes the region of the interpreter that the calling thread is attached to. `install`
/// fills its contexts before anybody can find the region; it sets an exception where it fails.
/// Returns nullptr with an exception set: no memory, or `install` failed.
[[nodiscard]] Region* adopt(PyInterpreterState* interpreter, bool (*install)(Region&)) noexcept;

/// R3, and whether every owner finds its region; for tests. Takes the lock.
[[nodiscard]] bool directory_is_valid() noexcept;

/// How many regions this process has reserved so far; for tests and reports.
[[nodiscard]] std::size_t region_count() noexcept;

} // namespace hpystate
