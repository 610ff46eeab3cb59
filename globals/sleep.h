/// globals/sleep.h: sleeping on a counter until it advances, a signal comes, or time is up.
///
/// std::atomic's own wait goes on sleeping after a signal. Python's locks wake up there, so that
/// what waits for another thread hears Ctrl-C; this is for waits of ours that must do the same.
///
/// Concurrency: the counter is the caller's. Who advances it calls wake_all after that; who sleeps
/// read it before he knew that he has to wait, so the kernel sees an advance in between. Neither
/// function orders anything else: what a sleeper wants to know he reads under a lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace hpystate {

enum class Woken : std::uint8_t {
    kPerhaps,     ///< look again: the counter has advanced, or there was no reason
    kInterrupted, ///< a signal came, or the time is up
};

/// Sleeps while the counter holds `seen`, at most for `limit`; zero: for as long as it takes.
[[nodiscard]] Woken sleep_on(const std::atomic<std::uint32_t>& counter, std::uint32_t seen,
                             std::chrono::milliseconds limit) noexcept;

/// Wakes all who sleep on the counter.
void wake_all(const std::atomic<std::uint32_t>& counter) noexcept;

/// Whether the caller is the thread that the process began with, or that forked it: the one that
/// CPython runs signal handlers on, unless Python was initialized elsewhere.
[[nodiscard]] bool is_first_thread() noexcept;

} // namespace hpystate
