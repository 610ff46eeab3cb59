/// tests/fuzz/registry.cpp: lists, unlisted slots, moves and foreign hands, against a std::map.
#include "globals/registry.h"

#include "tests/fuzz/targets.h"

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

namespace hpystate::fuzz {

namespace {

constexpr std::size_t kSlots = 24;
constexpr std::array kModules = {"first", "second", "third"};

class Run {
  public:
    explicit Run(Bytes& bytes) : bytes_(bytes) {}

    void step() {
        switch (bytes_.below(6)) {
        case 0:
            list();
            break;
        case 1:
            add_unlisted(bytes_.below(kSlots));
            break;
        case 2: // realloc moved it, token and all
            slots_[bytes_.below(kSlots)] = slots_[bytes_.below(kSlots)];
            break;
        case 3: // never zeroed, or foreign hands
            slots_[bytes_.below(kSlots)] = bytes_.next<std::uintptr_t>();
            break;
        case 4:
            compare(address(bytes_.below(kSlots)));
            break;
        default:
            compare(bytes_.next<std::uintptr_t>());
        }
    }

    void compare_all() const {
        require(registry_.size() == model_.size(), "the registry knows as many tokens as the map");
        std::size_t seen = 0;
        registry_.for_each([&](std::uintptr_t bits, const SlotInfo&) {
            require(model_.count(bits) == 1, "each token that is visited is in the map");
            ++seen;
        });
        require(seen == model_.size(), "each token is visited once");
        for (const auto& [bits, entry] : model_)
            compare(bits);
    }

  private:
    struct Entry {
        std::string module; ///< "": nobody listed it
        std::size_t index = 0;
    };

    [[nodiscard]] std::uintptr_t address(std::size_t slot) const noexcept {
        return reinterpret_cast<std::uintptr_t>(&slots_[slot]);
    }

    void list() {
        const std::string module = kModules[bytes_.below(kModules.size())];
        std::vector<std::uintptr_t*> slots(bytes_.below(9));
        for (std::uintptr_t*& slot : slots)
            slot = &slots_[bytes_.below(kSlots)];
        registry_.add({module, module + ".hpy0.so"}, slots);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            Entry& entry = model_[reinterpret_cast<std::uintptr_t>(slots[i])];
            if (entry.module.empty()) entry = {module, i};
            require(*slots[i] == reinterpret_cast<std::uintptr_t>(slots[i]),
                    "a listed slot holds its own address");
        }
    }

    void add_unlisted(std::size_t slot) {
        const Token token = registry_.add_unlisted(&slots_[slot]);
        static_cast<void>(model_[address(slot)]);
        require(token.bits() == address(slot), "a token is the slot's address");
        require(slots_[slot] == address(slot), "a slot that was stored to holds its own address");
    }

    void compare(std::uintptr_t bits) const {
        const auto found = registry_.find(Token(bits));
        const auto known = model_.find(bits);
        require(found.has_value() == (known != model_.end()), "both know the token, or neither");
        std::string expected =
            bits == 0 ? "a global that was never stored" : "a global that no module lists";
        if (found) {
            const Entry& entry = known->second;
            require(found->listed() == !entry.module.empty(), "both say whether it is listed");
            if (found->listed()) {
                require(found->owner->module == entry.module && found->index == entry.index,
                        "the first module that listed a slot has it, at its first place");
                expected = "globals[" + std::to_string(entry.index) + "] of module " +
                           entry.module + " (" + entry.module + ".hpy0.so)";
            }
        }
        require(registry_.describe(Token(bits)) == expected, "the description names what is known");
    }

    Bytes& bytes_;
    Registry registry_;
    std::array<std::uintptr_t, kSlots> slots_{};
    std::map<std::uintptr_t, Entry> model_;
};

} // namespace

void registry(Input input) {
    Bytes bytes(input);
    Run run(bytes);
    while (!bytes.empty())
        run.step();
    run.compare_all();
}

} // namespace hpystate::fuzz
