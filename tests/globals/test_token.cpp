/// tests/globals/test_token.cpp: what a slot holds.
#include "globals/token.h"
#include "tests/catch.h"

#include <array>
#include <cstdint>
#include <sys/mman.h>

using hpystate::publish;
using hpystate::Token;

TEST_CASE("a slot's token is its own address", "[token]") {
    std::uintptr_t slot = 0;

    const Token token = publish(&slot);

    CHECK(token.bits() == reinterpret_cast<std::uintptr_t>(&slot));
    CHECK(slot == token.bits());
}

TEST_CASE("publishing a slot twice leaves the same token", "[token]") {
    std::uintptr_t slot = 0;

    const Token first = publish(&slot);
    const Token second = publish(&slot);

    CHECK(first == second);
    CHECK(slot == first.bits());
}

TEST_CASE("a slot that realloc moved gets the token of its new address", "[token][numpy]") {
    std::uintptr_t old_home = 0;
    std::uintptr_t new_home = publish(&old_home).bits(); // moved by value, token and all

    CHECK(publish(&new_home) != Token(old_home));
    CHECK(new_home == reinterpret_cast<std::uintptr_t>(&new_home));
}

TEST_CASE("a slot that holds its token already is not written again", "[token]") {
    void* const page =
        mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    auto* const slot = static_cast<std::uintptr_t*>(page);
    const Token token = publish(slot);

    REQUIRE(mprotect(page, 4096, PROT_READ) == 0); // a write would end the process here

    CHECK(publish(slot) == token);
    CHECK(munmap(page, 4096) == 0);
}
