/// globals/sleep.h: sleeps until a counter advances, a signal arrives, or time is up.
///
/// std::atomic's own wait goes on sleeping after a signal. Python's locks wake up instead, so that
/// Ctrl-C interrupts a wait for another thread. Our waits must do the same: they use this.
///
/// Concurrency: the counter belongs to the caller. Whoever advances it calls wake_all() after that.
/// A sleeper reads the counter before it finds that it has to wait, so an advance in between is not
/// missed. Neither function orders any other memory: sleepers read the rest under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace hpystate {

enum class Woken : std::uint8_t {
    kPerhaps,     ///< check again: the counter may have advanced
    kInterrupted, ///< a signal arrived, or the time is up
};

/// Sleeps while the counter holds `seen`, at most for `limit`; zero: there is no limit.
[[nodiscard]] Woken sleep_on(const std::atomic<std::uint32_t>& counter, std::uint32_t seen,
                             std::chrono::milliseconds limit) noexcept;

/// Wakes all who sleep on the counter.
void wake_all(const std::atomic<std::uint32_t>& counter) noexcept;

/// Whether the caller is the first thread of the process; in the child of a fork, the thread that
/// forked. CPython runs signal handlers on it, unless Python was initialized on another thread.
[[nodiscard]] bool is_first_thread() noexcept;

} // namespace hpystate
