/// tests/globals/test_thunk_table.cpp: one function, one thunk; a pool that is used up says so.
#include "globals/interner.h"
#include "globals/thunk_table.h"
#include "tests/catch.h"
#include "tests/globals/threads.h"

#include <set>
#include <string>

using hpystate::Interner;
using hpystate::thunk_targets;
using hpystate::ThunkPool;
using hpystate::ThunkTable;
using hpystate::testing::on_threads;

namespace {

constexpr ThunkPool kPool{ThunkTable::kThunks - 8, 4};
constexpr ThunkPool kOther{ThunkTable::kThunks - 4, 4};
int functions[8];

} // namespace

TEST_CASE("the same function has the same thunk in a pool", "[thunks]") {
    ThunkTable table;

    const auto first = table.assign(kPool, &functions[0]);
    const auto again = table.assign(kPool, &functions[0]);

    CHECK(first == again);
    CHECK(table.used(kPool) == 1);
    CHECK(thunk_targets[*first] == &functions[0]);
}

TEST_CASE("different functions have different thunks", "[thunks]") {
    ThunkTable table;

    CHECK(table.assign(kPool, &functions[0]) != table.assign(kPool, &functions[1]));
}

TEST_CASE("two pools do not share numbers", "[thunks]") {
    ThunkTable table;

    CHECK(table.assign(kPool, &functions[0]) != table.assign(kOther, &functions[0]));
}

TEST_CASE("a pool that is used up gives nothing to a new function", "[thunks]") {
    ThunkTable table;
    for (unsigned i = 0; i < kPool.size; ++i)
        REQUIRE(table.assign(kPool, &functions[i]));

    CHECK_FALSE(table.assign(kPool, &functions[7]));
    CHECK(table.assign(kPool, &functions[0])); // those that have one keep it
}

TEST_CASE("equal bytes have one address, different bytes two", "[interner]") {
    Interner interner;

    const void* const first = interner.intern("method table");
    const void* const again = interner.intern("method table");
    const void* const other = interner.intern("another table");

    CHECK(first == again);
    CHECK(first != other);
    CHECK(std::string(static_cast<const char*>(first), 12) == "method table");
}

TEST_CASE("storage is made once, however many threads ask for it", "[interner][threads]") {
    Interner interner;
    int made = 0;

    on_threads(256, [&](int) {
        static_cast<void>(interner.find_or_make("key", sizeof(int), [&](void*) { ++made; }));
    });

    CHECK(made == 1);
}
