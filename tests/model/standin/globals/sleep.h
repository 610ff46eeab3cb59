/// tests/model/standin/globals/sleep.h: sleep_on and wake_all, as operations of the model.
///
/// A signal is an operation too: its thread is woken and finds it (standin/interpreters.h). The
/// model has no time, so a limit never ends a sleep: what a signal that comes too early for
/// the sleep needs it for, a test with a clock has (tests/fused/test_signals.py).
#pragma once

#include "tests/model/standin/interpreters.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace hpystate::model {
void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value);
void wake(std::uintptr_t address, bool all);
} // namespace hpystate::model

namespace hpystate {

enum class Woken : std::uint8_t { kPerhaps, kInterrupted };

[[nodiscard]] inline Woken sleep_on(const std::atomic<std::uint32_t>& counter, std::uint32_t seen,
                                    std::chrono::milliseconds /*limit*/) noexcept {
    model::sleep(reinterpret_cast<std::uintptr_t>(&counter), sizeof(counter), seen);
    return model::has_signal() ? Woken::kInterrupted : Woken::kPerhaps;
}

inline void wake_all(const std::atomic<std::uint32_t>& counter) noexcept {
    model::wake(reinterpret_cast<std::uintptr_t>(&counter), true);
}

[[nodiscard]] inline bool is_first_thread() noexcept {
    return true;
}

} // namespace hpystate
