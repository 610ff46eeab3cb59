/// tests/interp_state/test_window.cpp: whatever the token, its own object or nullptr.
#include "interp_state/window.h"
#include "tests/catch.h"
#include "tests/interp_state/reserved.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <vector>

using hpystate::kNoGil;
using hpystate::ObjectPointer;
using hpystate::Token;
using hpystate::Window;
using hpystate::testing::Reserved;

namespace {

/// An address that stands for an object; the window never looks into one.
ObjectPointer object(std::uintptr_t number) {
    return reinterpret_cast<ObjectPointer>(number << 4);
}

constexpr std::uintptr_t kSlot = 0x7f0012345678;
/// The next slot that falls on the same entry.
constexpr std::uintptr_t kTwin = kSlot + Window::kEntries * 8;

ObjectPointer put(Reserved& window, std::uintptr_t token, ObjectPointer value) {
    ObjectPointer old = nullptr;
    REQUIRE(window->store(Token(token), value, old) == Window::Outcome::kStored);
    return old;
}

} // namespace

TEST_CASE("an empty window gives nullptr for any token", "[window]") {
    Reserved window;

    CHECK(window->borrow(Token(0)) == nullptr);
    CHECK(window->borrow(Token(kSlot)) == nullptr);
    CHECK(window->borrow(Token(~std::uintptr_t{0})) == nullptr);
    CHECK(window->is_valid());
}

TEST_CASE("a stored object is loaded under its token", "[window]") {
    Reserved window;

    CHECK(put(window, kSlot, object(1)) == nullptr);

    CHECK(window->borrow(Token(kSlot)) == object(1));
}

TEST_CASE("a store hands the old object back to its caller, or keeps the first", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));

    CHECK(put(window, kSlot, object(2)) == (kNoGil ? nullptr : object(1)));
    CHECK(put(window, kSlot, nullptr) == object(2));
    CHECK(window->borrow(Token(kSlot)) == nullptr);
}

TEST_CASE("two tokens on one entry do not see each other's object", "[window][collision]") {
    REQUIRE(Window::index_of(Token(kSlot)) == Window::index_of(Token(kTwin)));
    Reserved window;
    put(window, kSlot, object(1));

    CHECK(window->borrow(Token(kTwin)) == nullptr);
    put(window, kTwin, object(2));

    CHECK(window->borrow(Token(kSlot)) == object(1));
    CHECK(window->borrow(Token(kTwin)) == object(2));
    CHECK(window->counts().overflow == 1);
    CHECK(window->is_valid());
}

TEST_CASE("a token that is off by any bit loads nothing", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));

    for (unsigned bit = 0; bit < 64; ++bit) {
        CHECK(window->borrow(Token(kSlot ^ (std::uintptr_t{1} << bit))) == nullptr);
    }
}

TEST_CASE("a claimed token has its place and no object", "[window]") {
    Reserved window;

    REQUIRE(window->claim(Token(kSlot)));

    CHECK(window->borrow(Token(kSlot)) == nullptr);
    CHECK(window->counts().slots == 1);
    CHECK(window->counts().values == 0);
}

TEST_CASE("each owned reference is visited once", "[window][gc]") {
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kTwin, object(1));
    put(window, kSlot + 8, object(2));
    std::multiset<ObjectPointer> seen;

    window->for_each([&](ObjectPointer value) {
        seen.insert(value);
        return 0;
    });

    CHECK(seen == std::multiset<ObjectPointer>{object(1), object(1), object(2)});
}

TEST_CASE("a first object that was replaced is visited, counted and handed out in the end",
          "[window][gc][teardown]") {
    Reserved window;
    std::multiset<ObjectPointer> expected{object(2), object(4)};
    if (kNoGil) expected.insert({object(1), object(3)});
    for (const std::uintptr_t number : {1, 2})
        put(window, kSlot, object(number));
    for (const std::uintptr_t number : {3, 5, 4})
        put(window, kSlot + 4096 * 8, object(number));
    for (const std::uintptr_t number : {6, 7, 0})
        put(window, kTwin, object(number));
    std::multiset<ObjectPointer> seen;
    std::multiset<ObjectPointer> handed_out;

    window->for_each([&](ObjectPointer value) {
        seen.insert(value);
        return 0;
    });
    CHECK(window->counts().values == 2);
    CHECK(window->counts().kept == (kNoGil ? 2 : 0));
    CHECK(window->is_valid());
    window->close();
    while (ObjectPointer const value = window->take_any())
        handed_out.insert(value);

    CHECK(seen == expected);
    CHECK(handed_out == expected);
    window->reset();
    CHECK(window->is_valid());
    CHECK(window->counts().kept == 0);
}

TEST_CASE("an object that is stored again needs no second reference", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));

    CHECK(put(window, kSlot, object(1)) == object(1));
    CHECK(window->borrow(Token(kSlot)) == object(1));
    CHECK(window->counts().kept == 0);
}

TEST_CASE("what is taken out is loaded no more", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kTwin, object(2));

    CHECK(window->take(Token(kSlot)) == (kNoGil ? nullptr : object(1)));
    CHECK(window->take(Token(kTwin)) == object(2));
    CHECK(window->borrow(Token(kSlot)) == nullptr);
    CHECK(window->borrow(Token(kTwin)) == nullptr);
    CHECK(window->is_valid());
}

TEST_CASE("a load takes one reference, wherever the object is", "[window]") {
    static std::multiset<ObjectPointer> referenced;
    referenced.clear();
    const auto load = [](Reserved& window, std::uintptr_t token) {
        return window->load(Token(token),
                            [](ObjectPointer value) noexcept { referenced.insert(value); });
    };
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kTwin, object(2));

    CHECK(load(window, kSlot) == object(1));
    CHECK(load(window, kTwin) == object(2));
    CHECK(load(window, kSlot + 8) == nullptr);
    put(window, kSlot, object(3));
    CHECK(load(window, kSlot) == object(3));
    put(window, kSlot, nullptr);
    CHECK(load(window, kSlot) == nullptr);

    CHECK(referenced == std::multiset<ObjectPointer>{object(1), object(2), object(3)});
}

TEST_CASE("a visit that answers is the end of the walk", "[window][gc]") {
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kSlot + 8, object(2));
    int visits = 0;

    CHECK(window->for_each([&](ObjectPointer) { return ++visits * 7; }) == 7);
    CHECK(visits == 1);
}

TEST_CASE("a closed window loads nothing, refuses stores and hands its objects out",
          "[window][teardown]") {
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kTwin, object(2));

    window->close();

    CHECK(window->borrow(Token(kSlot)) == nullptr);
    CHECK(window->borrow(Token(kTwin)) == nullptr);
    ObjectPointer old = nullptr;
    CHECK(window->store(Token(kSlot), object(3), old) == Window::Outcome::kClosed);
    CHECK(old == nullptr);
    CHECK(window->take_any() == object(1));
    CHECK(window->take_any() == object(2));
    CHECK(window->take_any() == nullptr);
}

TEST_CASE("a closed window loads nothing under any token that is off by a bit",
          "[window][teardown]") {
    Reserved window;
    put(window, kSlot, object(1));

    window->close();

    CHECK(window->is_valid());
    for (unsigned bit = 0; bit < 64; ++bit) {
        CHECK(window->borrow(Token(kSlot ^ (std::uintptr_t{1} << bit))) == nullptr);
    }
}

TEST_CASE("a window that was reset is as new", "[window][teardown]") {
    Reserved window;
    put(window, kSlot, object(1));
    put(window, kTwin, object(2));
    window->close();
    while (window->take_any() != nullptr)
        continue;

    window->reset();

    CHECK(window->borrow(Token(kSlot)) == nullptr);
    CHECK(window->counts().slots == 0);
    CHECK(window->counts().pages == 0);
    put(window, kSlot, object(4));
    CHECK(window->borrow(Token(kSlot)) == object(4));
    CHECK(window->is_valid());
}

TEST_CASE("neighbouring slots touch one page", "[window][memory]") {
    Reserved window;
    const std::uintptr_t page = kSlot & ~std::uintptr_t{2047}; // 256 slots of 8 bytes

    for (std::uintptr_t i = 0; i < 256; ++i)
        put(window, page + i * 8, object(i + 1));

    CHECK(window->counts().pages == 1);
    CHECK(window->counts().overflow == 0);
}

TEST_CASE("100,000 slots of one module do not meet", "[window][memory]") {
    Reserved window;

    for (std::uintptr_t i = 0; i < 100'000; ++i)
        put(window, kSlot + i * 8, object(i + 1));

    CHECK(window->counts().overflow == 0);
    CHECK(window->borrow(Token(kSlot + 99'999 * 8)) == object(100'000));
}

TEST_CASE("random stores and loads agree with a map", "[window][model]") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Reserved window;
    std::map<std::uintptr_t, ObjectPointer> model;
    std::map<std::size_t, std::uintptr_t> tenants;
    std::set<std::uintptr_t> cells;

    for (int i = 0; i < 200'000; ++i) {
        // Few entries, many tokens on each, and some that are not slots at all.
        const std::uintptr_t token =
            kSlot + (random() % 8) * 8 + (random() % 5) * Window::kEntries * 8;
        const ObjectPointer value = random() % 4 == 0 ? nullptr : object(random() % 1000 + 1);
        const auto known = model.find(token);
        const ObjectPointer expected = known == model.end() ? nullptr : known->second;
        if (random() % 2 == 0) {
            CHECK(window->borrow(Token(token)) == expected);
        } else {
            const bool tenant =
                tenants.emplace(Window::index_of(Token(token)), token).first->second == token;
            const bool kept = kNoGil && tenant && expected != nullptr && expected != value &&
                              cells.insert(token).second;
            CHECK(put(window, token, value) == (kept ? nullptr : expected));
            model[token] = value;
        }
    }
    CHECK(window->is_valid());
}
