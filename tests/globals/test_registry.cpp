/// tests/globals/test_registry.cpp: listed, unlisted, duplicated, moved and reused slots.
#include "globals/registry.h"
#include "tests/catch.h"
#include "tests/globals/threads.h"

#include <array>
#include <cstdint>
#include <vector>

using hpystate::Registry;
using hpystate::SlotOwner;
using hpystate::Token;
using hpystate::testing::on_threads;

namespace {

const SlotOwner kOwner{"pkg.point", "point.hpy0.so"};

Token token_of(const std::uintptr_t& slot) {
    return Token(reinterpret_cast<std::uintptr_t>(&slot));
}

} // namespace

TEST_CASE("adding a list writes each slot's own address into it", "[registry]") {
    Registry registry;
    std::array<std::uintptr_t, 3> slots{};
    const std::array list{&slots[0], &slots[1], &slots[2]};

    registry.add(kOwner, list);

    for (const std::uintptr_t& slot : slots)
        CHECK(Token(slot) == token_of(slot));
    CHECK(registry.size() == 3);
}

TEST_CASE("a listed slot is described by module, file and place", "[registry]") {
    Registry registry;
    std::array<std::uintptr_t, 2> slots{};
    const std::array list{&slots[0], &slots[1]};

    registry.add(kOwner, list);

    CHECK(registry.describe(token_of(slots[1])) ==
          "globals[1] of module pkg.point (point.hpy0.so)");
}

TEST_CASE("a slot that is twice in a list keeps its first place", "[registry]") {
    Registry registry;
    std::uintptr_t slot = 0;
    const std::array list{&slot, &slot};

    registry.add(kOwner, list);

    CHECK(registry.size() == 1);
    CHECK(registry.find(token_of(slot))->index == 0);
}

TEST_CASE("a second module that lists the same slot changes nothing", "[registry]") {
    Registry registry;
    std::uintptr_t slot = 0;
    const std::array list{&slot};
    registry.add(kOwner, list);

    registry.add({"other", "other.hpy0.so"}, list);

    CHECK(registry.size() == 1);
    CHECK(registry.find(token_of(slot))->owner->module == "pkg.point");
}

TEST_CASE("a slot that nobody listed is known, but not as listed", "[registry]") {
    Registry registry;
    std::uintptr_t slot = 0;

    const Token token = registry.add_unlisted(&slot);

    CHECK(slot == token.bits());
    CHECK_FALSE(registry.find(token)->listed());
    CHECK(registry.describe(token) == "a global that no module lists");
}

TEST_CASE("a slot that was stored to before its module listed it becomes listed", "[registry]") {
    Registry registry;
    std::uintptr_t slot = 0;
    const Token token = registry.add_unlisted(&slot);

    registry.add(kOwner, std::array{&slot});

    CHECK(registry.find(token)->listed());
    CHECK(registry.size() == 1);
}

TEST_CASE("a slot that was moved by value is a new slot at its new address", "[registry][numpy]") {
    Registry registry;
    std::vector<std::uintptr_t> home(4);
    const Token before = registry.add_unlisted(&home[0]);
    std::vector<std::uintptr_t> moved(home);

    const Token after = registry.add_unlisted(&moved[0]);

    CHECK(after != before);
    CHECK(moved[0] == after.bits());
}

TEST_CASE("an address that comes back as a new slot has the token that it had", "[registry]") {
    Registry registry;
    std::uintptr_t slot = 0;
    const Token first = registry.add_unlisted(&slot);
    slot = 0; // freed, and handed out again by the allocator

    CHECK(registry.add_unlisted(&slot) == first);
    CHECK(registry.size() == 1);
}

TEST_CASE("token 0 is described as a global that was never stored", "[registry]") {
    const Registry registry;

    CHECK(registry.describe(Token(0)) == "a global that was never stored");
    CHECK_FALSE(registry.find(Token(0)));
}

TEST_CASE("foreign content stays in a slot that is registered", "[registry][foreign]") {
    Registry registry;
    std::uintptr_t listed = 0x57; // an index, as PyPy writes it
    std::uintptr_t unlisted = 0x58;

    registry.add(kOwner, std::array{&listed});
    const Token token = registry.add_unlisted(&unlisted);

    CHECK(listed == 0x57);
    CHECK(unlisted == 0x58);
    CHECK(registry.find(token_of(listed)));
    CHECK(token == token_of(unlisted));
}

TEST_CASE("a slot that was moved with its token gets its own address", "[registry][foreign]") {
    Registry registry;
    std::uintptr_t old_home = 0;
    registry.add(kOwner, std::array{&old_home});
    std::uintptr_t new_home = old_home;

    static_cast<void>(registry.add_unlisted(&new_home));

    CHECK(Token(new_home) == token_of(new_home));
}

TEST_CASE("content is matched with the listed slots that hold it", "[registry][foreign]") {
    Registry registry;
    std::array<std::uintptr_t, 4> slots{0x57, 0x58, 0x58, 0};
    std::uintptr_t unlisted = 0x57;
    registry.add(kOwner, std::array{&slots[0], &slots[1], &slots[2], &slots[3]});
    static_cast<void>(registry.add_unlisted(&unlisted));

    CHECK(registry.match(0x57).count == 1); // the unlisted one may be in memory that was freed
    CHECK(registry.match(0x57).slot == token_of(slots[0]).bits());
    CHECK(registry.match(0x58).count == 2);
    CHECK(registry.match(0x59).count == 0);
    CHECK(registry.match(slots[3]).is_token);
    CHECK_FALSE(registry.match(0x57).is_token);
}

TEST_CASE("any number of threads may register the same slots at once", "[registry][threads]") {
    Registry registry;
    std::vector<std::uintptr_t> slots(512);
    std::vector<std::uintptr_t*> list;
    for (std::uintptr_t& slot : slots)
        list.push_back(&slot);

    on_threads(64, [&](int i) {
        if (i % 2 == 0) {
            registry.add(kOwner, list);
        } else {
            for (std::uintptr_t* const slot : list)
                static_cast<void>(registry.add_unlisted(slot));
        }
    });

    CHECK(registry.size() == slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
        CHECK(Token(slots[i]) == token_of(slots[i]));
        CHECK(registry.find(token_of(slots[i]))->index == i);
    }
}
