/// tests/interp_state/test_window_threads.cpp: one window, many threads, as without the GIL.
#include "interp_state/window.h"
#include "tests/catch.h"
#include "tests/interp_state/reserved.h"

#include <atomic>
#include <barrier>
#include <cstdint>
#include <set>
#include <thread>
#include <vector>

using hpystate::ObjectPointer;
using hpystate::Token;
using hpystate::Window;
using hpystate::testing::Reserved;

namespace {

static_assert(hpystate::kNoGil, "this file is compiled for windows without the GIL");

constexpr std::uintptr_t kSlot = 0x7f0012345678;
constexpr std::uintptr_t kTwin = kSlot + Window::kEntries * 8;
constexpr unsigned kThreads = 4;

/// An object that counts its references and knows whether it is alive.
struct Object {
    static constexpr std::uint32_t kAlive = 0xA11FE;
    static inline std::atomic<int> living{0};

    std::atomic<int> references{1};
    std::atomic<std::uint32_t> life{kAlive};

    Object() { ++living; }
    Object(const Object&) = delete;
    Object& operator=(const Object&) = delete;
    ~Object() {
        life = 0;
        --living;
    }
};

Object* as_test_object(ObjectPointer object) {
    return reinterpret_cast<Object*>(object);
}

ObjectPointer make_object() {
    return reinterpret_cast<ObjectPointer>(new Object); // release() deletes it
}

void take(ObjectPointer object) noexcept {
    as_test_object(object)->references.fetch_add(1, std::memory_order_relaxed);
}

void release(ObjectPointer object) {
    if (object != nullptr && as_test_object(object)->references.fetch_sub(1) == 1)
        delete as_test_object(object);
}

bool alive(ObjectPointer object) {
    return as_test_object(object)->life.load() == Object::kAlive;
}

void put(Reserved& window, std::uintptr_t token, ObjectPointer object) {
    ObjectPointer old = nullptr;
    if (window->store(Token(token), object, old) != Window::Outcome::kStored) std::abort();
    release(old);
}

/// Runs `work(number)` on every thread at once.
template <typename Work>
void together(unsigned threads, Work work) {
    std::barrier start(static_cast<std::ptrdiff_t>(threads));
    std::vector<std::jthread> running;
    for (unsigned number = 0; number < threads; ++number) {
        running.emplace_back([&, number] {
            start.arrive_and_wait();
            work(number);
        });
    }
}

void end(Reserved& window) {
    window->close();
    while (ObjectPointer const object = window->take_any())
        release(object);
    CHECK(Object::living == 0);
}

} // namespace

TEST_CASE("a load among stores gives a living object", "[window][threads]") {
    constexpr int kRounds = 20'000;
    const std::uintptr_t token = GENERATE(kSlot, kTwin);
    Reserved window;
    put(window, kSlot, make_object());
    put(window, kTwin, make_object());
    std::atomic<int> dead{0};

    together(kThreads, [&](unsigned number) {
        for (int i = 0; i < kRounds; ++i) {
            if (number < kThreads / 2) {
                put(window, token, i % 8 == 0 ? nullptr : make_object());
                continue;
            }
            ObjectPointer const object = window->load(Token(token), &take);
            if (object == nullptr) continue;
            if (!alive(object)) ++dead;
            release(object);
        }
    });

    CHECK(dead == 0);
    CHECK(window->is_valid());
    end(window);
}

TEST_CASE("an object that was seen in a plain word lives until the end", "[window][threads]") {
    Reserved window;
    put(window, kSlot, make_object());
    std::barrier step(2);
    bool lived = false;

    together(2, [&](unsigned number) {
        ObjectPointer const seen = window->entry_of(Token(kSlot)).plain();
        step.arrive_and_wait();
        for (int i = 0; number == 0 && i < 4; ++i)
            put(window, kSlot, i == 2 ? nullptr : make_object());
        step.arrive_and_wait();
        if (number == 1) lived = seen != nullptr && alive(seen);
    });

    CHECK(lived);
    CHECK(window->entry_of(Token(kSlot)).plain() == nullptr);
    end(window);
}

TEST_CASE("first stores of many threads leave one object and keep one", "[window][threads]") {
    for (int round = 0; round < 500; ++round) {
        Reserved window;

        together(kThreads, [&](unsigned) { put(window, kSlot, make_object()); });

        REQUIRE(Object::living == 2);
        REQUIRE(window->counts().kept == 1);
        end(window);
    }
}

TEST_CASE("each token has one place, whoever claims it first", "[window][threads]") {
    constexpr std::uintptr_t kEntriesUsed = 64;
    constexpr std::uintptr_t kTokensOnEach = 3;
    for (int round = 0; round < 50; ++round) {
        Reserved window;
        std::atomic<int> failed{0};

        together(kThreads, [&](unsigned number) {
            for (std::uintptr_t i = 0; i < kEntriesUsed * kTokensOnEach; ++i) {
                const std::uintptr_t twin = (i + number) % kTokensOnEach;
                const std::uintptr_t slot =
                    kSlot + (i / kTokensOnEach) * 8 + twin * Window::kEntries * 8;
                if (!window->claim(Token(slot)) || !window->claimed(Token(slot))) ++failed;
            }
        });

        REQUIRE(failed == 0);
        REQUIRE(window->counts().slots == kEntriesUsed * kTokensOnEach);
        REQUIRE(window->is_valid());
    }
}
