/// tests/globals/test_locks.cpp: a lock knows its holder, and a broken rule stops the process.
#include "globals/locks.h"
#include "globals/thunk_table.h"
#include "tests/catch.h"
#include "tests/globals/stops.h"

#include <mutex>
#include <thread>

using namespace hpystate;

TEST_CASE("a lock knows whether this thread holds it", "[locks]") {
    RankedMutex mutex(LockRank::kDirectory);
    CHECK(holds_no_lock());
    CHECK_FALSE(mutex.is_held());
    {
        const std::lock_guard lock(mutex);
        CHECK(mutex.is_held());
        CHECK_FALSE(holds_no_lock());
        bool held_elsewhere = true;
        std::thread([&] { held_elsewhere = mutex.is_held(); }).join();
        CHECK_FALSE(held_elsewhere);
    }
    CHECK_FALSE(mutex.is_held());
    CHECK(holds_no_lock());
}

TEST_CASE("a lock that is taken under a higher one stops a dev build", "[locks]") {
    CHECK(hpystate::testing::stopped_by("held_rank() < rank_", [] {
        RankedMutex inner(LockRank::kWindow);
        RankedMutex outer(LockRank::kDirectory);
        const std::lock_guard first(inner);
        const std::lock_guard second(outer);
    }));
}

TEST_CASE("a thunk without a target stops a dev build", "[locks]") {
    CHECK(hpystate::testing::stopped_by("target != nullptr", [] {
        static_cast<void>(ThunkTable().assign({0, 1}, nullptr));
    }));
}
