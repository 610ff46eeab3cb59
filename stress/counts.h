/// stress/counts.h: the counts that a stress extension keeps for each key, read without Python.
#pragma once

#include "stress/tally.h"

#include <cstdint>
#include <string>

namespace hpystate::stress {

struct Counts {
    std::uint64_t made = 0;
    std::uint64_t destroyed = 0;
};

/// Of the extension in `file`, which is loaded by now. Keys differ modulo 65,536.
[[nodiscard]] Counts counts_of(const std::string& file, std::uint64_t key);

/// Adds the counts of an interpreter that has ended to the tally, and reports what was lost.
void settle(Tally& tally, const std::string& file, std::uint64_t key);

} // namespace hpystate::stress
