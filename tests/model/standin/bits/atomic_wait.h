/// tests/model/standin/bits/atomic_wait.h: std::atomic's wait and notify, as operations of the
/// model.
///
/// libstdc++'s own looks at the word sixteen times and then makes a system call. What the standard
/// asks for is less, and that is what stands here: a look with the caller's order, then a sleep
/// that ends when somebody notifies, unless the word has changed before the thread was asleep. The
/// constraint makes these better matches for a word of four bytes than the library's templates.
#pragma once

#include_next <bits/atomic_wait.h>
#include <cstddef>
#include <cstdint>

namespace hpystate::model {
void sleep(std::uintptr_t address, std::size_t size, std::uint64_t value);
void wake(std::uintptr_t address, bool all);
} // namespace hpystate::model

namespace std { // NOLINT(cert-dcl58-cpp): in place of what the library has there

template <typename Word, typename Look>
requires(sizeof(Word) == sizeof(uint32_t)) void __atomic_wait_address_v(const Word* address,
                                                                        Word old,
                                                                        Look look) noexcept {
    while (look() == old) {
        hpystate::model::sleep(reinterpret_cast<uintptr_t>(address), sizeof(old),
                               static_cast<uint32_t>(old));
    }
}

template <typename Word>
requires(sizeof(Word) == sizeof(uint32_t)) void __atomic_notify_address(const Word* address,
                                                                        bool all) noexcept {
    hpystate::model::wake(reinterpret_cast<uintptr_t>(address), all);
}

} // namespace std
