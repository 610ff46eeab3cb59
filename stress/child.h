/// stress/child.h: a part of a scenario in a process of its own, forked before Python starts.
#pragma once

#include "stress/tally.h"

#include <cstdint>
#include <functional>
#include <string>

namespace hpystate::stress {

/// What a child reports to its parent; in memory that both share.
struct ChildReport {
    std::uint64_t checked;
    std::uint64_t wrong;
    std::uint64_t stage; ///< how far it got; the scenario defines what the number means
    char problem[480];   ///< empty: none

    void fail(const std::string& text);
};

enum class Ended : std::uint8_t { kWell, kBySignal, kByStatus, kTooLate };

struct ChildEnd {
    Ended how;
    int code; ///< signal or status

    [[nodiscard]] std::string text() const;
};

/// Runs `body` in a child, which leaves by _exit(body's result). After `seconds` it is killed. Adds
/// what the child checked to the tally, and its problem; how it ended is for the caller to judge.
/// The process must not have started TBB's or Python's threads, which could hold locks.
[[nodiscard]] ChildEnd run_child(Tally& tally, double seconds,
                                 const std::function<int(ChildReport&)>& body,
                                 std::uint64_t* stage = nullptr);

} // namespace hpystate::stress
