/// tests/model/clock.h: vector clocks: what a thread of an execution knows of the others.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace hpystate::model {

/// Thread 0 sets an execution up and looks at its end; the others are the scenario's.
inline constexpr std::size_t kMaxThreads = 5;

/// Per thread, the time up to which its events happen before the clock's owner's next event.
struct Clock {
    std::array<std::uint32_t, kMaxThreads> at{};

    void join(const Clock& other) noexcept {
        for (std::size_t i = 0; i < kMaxThreads; ++i)
            at[i] = std::max(at[i], other.at[i]);
    }

    [[nodiscard]] bool covers(std::size_t thread, std::uint32_t time) const noexcept {
        return at[thread] >= time;
    }

    /// The first thread with an event in `other` that this clock does not know; kMaxThreads: none.
    [[nodiscard]] std::size_t first_unknown(const Clock& other) const noexcept {
        std::size_t i = 0;
        while (i < kMaxThreads && at[i] >= other.at[i])
            ++i;
        return i;
    }
};

} // namespace hpystate::model
