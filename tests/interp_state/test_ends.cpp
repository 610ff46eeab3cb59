/// tests/interp_state/test_ends.cpp: the order in which values end.
#include "interp_state/ends.h"
#include "interp_state/window.h"
#include "tests/catch.h"
#include "tests/interp_state/reserved.h"

#include <array>
#include <cstdint>
#include <memory>
#include <utility>

using hpystate::Ends;
using hpystate::Token;

namespace {

void put(Ends& ends, std::uintptr_t slot) {
    ends.put(Ends::new_place(Token(slot)));
}

/// The value of the newest slot ends; unset: there is none.
Token end_newest(Ends& ends) {
    std::unique_ptr<Ends::Place> place = ends.take_newest();
    if (place == nullptr) return Token(0);
    const Token slot = place->token;
    ends.add_ended(std::move(place));
    return slot;
}

} // namespace

TEST_CASE("the slot that was filled last ends first", "[ends]") {
    Ends ends;
    put(ends, 8);
    put(ends, 16);
    put(ends, 24);
    put(ends, 8); // again: it is the newest
    CHECK_FALSE(ends.begun());
    CHECK(ends.begin());
    CHECK_FALSE(ends.begin());
    CHECK(ends.begun());
    CHECK_FALSE(ends.has_ended(Token(8)));
    CHECK(end_newest(ends) == Token(8));
    CHECK(ends.has_ended(Token(8)));
    put(ends, 32); // by a destructor
    CHECK(end_newest(ends) == Token(32));
    CHECK(end_newest(ends) == Token(24));
    CHECK(end_newest(ends) == Token(16));
    CHECK(end_newest(ends).is_unset());
    CHECK_FALSE(ends.has_ended(Token(40)));
    ends.reset(); // for the next interpreter
    CHECK_FALSE(ends.has_ended(Token(8)));
    CHECK(ends.begin());
    CHECK(end_newest(ends).is_unset());
}

TEST_CASE("a slot that was empty at its turn is listed again", "[ends]") {
    Ends ends;
    put(ends, 8);
    put(ends, 16);
    CHECK(ends.begin());
    CHECK(ends.take_newest()->token == Token(16)); // it was cleared
    CHECK_FALSE(ends.has_ended(Token(16)));
    CHECK(end_newest(ends) == Token(8));
    put(ends, 16); // by the destructor of 8
    CHECK(end_newest(ends) == Token(16));
    CHECK(ends.has_ended(Token(16)));
    CHECK(ends.take_newest() == nullptr);
}

TEST_CASE("a long list is freed without recursion", "[ends]") {
    Ends ends;
    for (std::uintptr_t slot = 1; slot <= 1000; ++slot)
        put(ends, slot * 8);
    CHECK(ends.begin());
    for (int i = 0; i < 500; ++i)
        CHECK_FALSE(end_newest(ends).is_unset());
    ends.reset();
}

TEST_CASE("what is taken for good leaves nothing behind", "[ends][window]") {
    hpystate::testing::Reserved window;
    std::array<std::uintptr_t, 3> objects{};
    const auto object = [&](std::size_t i) {
        return reinterpret_cast<hpystate::ObjectPointer>(&objects[i]);
    };
    // The second one shares the entry of the first, and is in the overflow.
    for (const std::uintptr_t bits : {std::uintptr_t{8}, 8 + hpystate::Window::kEntries * 8}) {
        const Token slot(bits);
        hpystate::ObjectPointer old = nullptr;
        int released = 0;
        for (std::size_t i = 0; i < objects.size(); ++i) {
            REQUIRE(window->store(slot, object(i), old) == hpystate::Window::Outcome::kStored);
            released += old != nullptr ? 1 : 0;
        }
        CHECK(window->take_for_good(slot) == object(2));
        // Without the GIL the first one was kept; else a store has returned it.
        while (window->take_for_good(slot) != nullptr)
            ++released;
        CHECK(released == 2);
        CHECK(window->borrow(slot) == nullptr);
        CHECK(window->is_valid());
        REQUIRE(window->store(slot, object(1), old) == hpystate::Window::Outcome::kStored);
        CHECK(old == nullptr);
        CHECK(window->borrow(slot) == object(1));
        CHECK(window->take_for_good(slot) == object(1));
    }
}
