/// globals/sleep.cpp: waits by futex, since std::atomic::wait ignores signals and has no time
/// limit.
#include "globals/sleep.h"

#include <cerrno>
#include <climits>
#include <ctime>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace hpystate {

static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t),
              "the kernel reads the counter as a plain word");

Woken sleep_on(const std::atomic<std::uint32_t>& counter, std::uint32_t seen,
               std::chrono::milliseconds limit) noexcept {
    const timespec time{limit.count() / 1000, limit.count() % 1000 * 1'000'000};
    const timespec* const until = limit.count() != 0 ? &time : nullptr;
    if (syscall(SYS_futex, &counter, FUTEX_WAIT_PRIVATE, seen, until, nullptr, 0) == 0) {
        return Woken::kPerhaps;
    }
    return errno == EINTR || errno == ETIMEDOUT ? Woken::kInterrupted : Woken::kPerhaps;
}

void wake_all(const std::atomic<std::uint32_t>& counter) noexcept {
    static_cast<void>(
        syscall(SYS_futex, &counter, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0));
}

bool is_first_thread() noexcept {
    return syscall(SYS_gettid) == getpid();
}

} // namespace hpystate
