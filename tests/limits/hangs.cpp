/// tests/limits/hangs.cpp: tests that never end, for test_limits.py.
#include "tests/catch.h"

#include <mutex>
#include <thread>

namespace {

std::mutex never_free;

[[gnu::noinline]] void wait_for_a_lock() {
    const std::lock_guard lock(never_free);
}

/// One instruction, the first of its function: whoever looks for the call before it finds another
/// function. asm: a compiler may remove a loop without end that does nothing, and clang does.
[[gnu::noinline]] void spin_without_a_call() {
    for (;;) {
        asm volatile("");
    }
}

} // namespace

TEST_CASE("one thread waits for a lock, the other for that thread", "[.waits]") {
    const std::lock_guard lock(never_free);
    std::thread(wait_for_a_lock).join();
}

TEST_CASE("a loop has no end", "[.spins]") {
    spin_without_a_call();
}

TEST_CASE("a test is as fast as others", "[.fast]") {
    CHECK(true);
}
