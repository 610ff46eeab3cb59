/// tests/interp_state/test_window.cpp: whatever the token, its own object or nullptr.
#include "interp_state/window.h"
#include "tests/catch.h"

#include <cstdint>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <sys/mman.h>
#include <vector>

using hpystate::ObjectPointer;
using hpystate::Token;
using hpystate::Window;

namespace {

/// A window in memory as a region has it: zero and page-aligned.
class Reserved {
  public:
    Reserved()
        : memory_(mmap(nullptr, sizeof(Window), PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
        REQUIRE(memory_ != MAP_FAILED);
        window_ = new (memory_) Window;
    }
    Reserved(const Reserved&) = delete;
    Reserved& operator=(const Reserved&) = delete;
    ~Reserved() {
        window_->~Window();
        munmap(memory_, sizeof(Window));
    }
    Window* operator->() { return window_; }

  private:
    void* memory_;
    Window* window_;
};

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

    CHECK(window->load(Token(0)) == nullptr);
    CHECK(window->load(Token(kSlot)) == nullptr);
    CHECK(window->load(Token(~std::uintptr_t{0})) == nullptr);
    CHECK(window->is_valid());
}

TEST_CASE("a stored object is loaded under its token", "[window]") {
    Reserved window;

    CHECK(put(window, kSlot, object(1)) == nullptr);

    CHECK(window->load(Token(kSlot)) == object(1));
}

TEST_CASE("a store hands the old object back to its caller", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));

    CHECK(put(window, kSlot, object(2)) == object(1));
    CHECK(put(window, kSlot, nullptr) == object(2));
    CHECK(window->load(Token(kSlot)) == nullptr);
}

TEST_CASE("two tokens on one entry do not see each other's object", "[window][collision]") {
    REQUIRE(Window::index_of(Token(kSlot)) == Window::index_of(Token(kTwin)));
    Reserved window;
    put(window, kSlot, object(1));

    CHECK(window->load(Token(kTwin)) == nullptr);
    put(window, kTwin, object(2));

    CHECK(window->load(Token(kSlot)) == object(1));
    CHECK(window->load(Token(kTwin)) == object(2));
    CHECK(window->counts().overflow == 1);
    CHECK(window->is_valid());
}

TEST_CASE("a token that is off by any bit loads nothing", "[window]") {
    Reserved window;
    put(window, kSlot, object(1));

    for (unsigned bit = 0; bit < 64; ++bit) {
        CHECK(window->load(Token(kSlot ^ (std::uintptr_t{1} << bit))) == nullptr);
    }
}

TEST_CASE("a claimed token has its place and no object", "[window]") {
    Reserved window;

    REQUIRE(window->claim(Token(kSlot)));

    CHECK(window->load(Token(kSlot)) == nullptr);
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

    CHECK(window->load(Token(kSlot)) == nullptr);
    CHECK(window->load(Token(kTwin)) == nullptr);
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
        CHECK(window->load(Token(kSlot ^ (std::uintptr_t{1} << bit))) == nullptr);
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

    CHECK(window->load(Token(kSlot)) == nullptr);
    CHECK(window->counts().slots == 0);
    CHECK(window->counts().pages == 0);
    put(window, kSlot, object(4));
    CHECK(window->load(Token(kSlot)) == object(4));
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
    CHECK(window->load(Token(kSlot + 99'999 * 8)) == object(100'000));
}

TEST_CASE("random stores and loads agree with a map", "[window][model]") {
    const auto seed = std::random_device{}();
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    Reserved window;
    std::map<std::uintptr_t, ObjectPointer> model;

    for (int i = 0; i < 200'000; ++i) {
        // Few entries, many tokens on each, and some that are no slot at all.
        const std::uintptr_t token =
            kSlot + (random() % 8) * 8 + (random() % 5) * Window::kEntries * 8;
        const ObjectPointer value = random() % 4 == 0 ? nullptr : object(random() % 1000 + 1);
        const auto known = model.find(token);
        const ObjectPointer expected = known == model.end() ? nullptr : known->second;
        if (random() % 2 == 0) {
            CHECK(window->load(Token(token)) == expected);
        } else {
            CHECK(put(window, token, value) == expected);
            model[token] = value;
        }
    }
    CHECK(window->is_valid());
}
