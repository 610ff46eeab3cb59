/// tests/model/standin/bits/atomic_wait.h: std::atomic's wait and notify, as operations of the
/// model.
///
/// libstdc++'s own looks at the word sixteen times and then makes a system call. What the standard
/// asks for is less, and that is what this does: a load with the caller's order, then a sleep
/// that ends when somebody notifies, unless the word has changed before the thread was asleep.
///
/// The constraint makes the wait a better match than the library's template, which has the same
/// parameters. Its notify has one more from GCC 16 on, so it gets another name instead.
#pragma once

#define __atomic_notify_address __library_notify_address // NOLINT(bugprone-reserved-identifier)
#include_next <bits/atomic_wait.h>
#undef __atomic_notify_address
#include <cstddef>
#include <cstdint>

namespace hpystate::model {
void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value);
void wake(std::uintptr_t address, bool all);
[[noreturn]] void refuse_wait(std::size_t size);
} // namespace hpystate::model

namespace std { // NOLINT(cert-dcl58-cpp): in place of what the library has there

template <typename Word, typename Look>
requires(sizeof(Word) > 0) void __atomic_wait_address_v(const Word* address, Word old,
                                                        Look look) noexcept {
    if constexpr (sizeof(Word) == sizeof(uint32_t)) {
        while (look() == old) {
            hpystate::model::sleep(reinterpret_cast<uintptr_t>(address), sizeof(old),
                                   static_cast<uint32_t>(old));
        }
    } else {
        hpystate::model::refuse_wait(sizeof(old));
    }
}

/// The last: whether the caller counts the waiters itself, as the library's semaphores do.
template <typename Word>
void __atomic_notify_address(const Word* address, bool all, bool = false) noexcept {
    if constexpr (sizeof(Word) == sizeof(uint32_t)) {
        hpystate::model::wake(reinterpret_cast<uintptr_t>(address), all);
    } else {
        hpystate::model::refuse_wait(sizeof(*address));
    }
}

} // namespace std
