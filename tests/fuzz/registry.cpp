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
        switch (bytes_.below(7)) {
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
        case 5:
            compare_match(slots_[bytes_.below(kSlots)]);
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
        std::vector<std::uintptr_t> before;
        for (const std::uintptr_t* const slot : slots)
            before.push_back(*slot);
        registry_.add({module, module + ".hpy0.so"}, slots);
        for (std::size_t i = 0; i < slots.size(); ++i) {
            Entry& entry = model_[reinterpret_cast<std::uintptr_t>(slots[i])];
            if (entry.module.empty()) entry = {module, i};
        }
        for (std::size_t i = 0; i < slots.size(); ++i) {
            require_settled(before[i], slots[i]);
        }
    }

    /// What a slot holds once it is registered, by what it held before.
    void require_settled(std::uintptr_t before, const std::uintptr_t* slot) const {
        const auto own = reinterpret_cast<std::uintptr_t>(slot);
        const bool foreign = before != 0 && before != own && model_.count(before) == 0;
        require(*slot == (foreign ? before : own),
                "a slot that held 0 or a token holds its own address, and foreign content stays");
    }

    void compare_match(std::uintptr_t content) const {
        const Registry::Match match = registry_.match(content);
        require(match.is_token == (model_.count(content) == 1), "a token is known as one");
        if (match.is_token) return;
        std::size_t count = 0;
        for (const auto& [bits, entry] : model_) {
            const bool holds = *reinterpret_cast<const std::uintptr_t*>(bits) == content;
            if (!entry.module.empty() && holds) ++count;
        }
        require(match.count == count, "every listed slot that holds the content is counted");
        require(count == 0 || *reinterpret_cast<const std::uintptr_t*>(match.slot) == content,
                "the slot that is named holds it");
    }

    void add_unlisted(std::size_t slot) {
        const std::uintptr_t before = slots_[slot];
        const Token token = registry_.add_unlisted(&slots_[slot]);
        static_cast<void>(model_[address(slot)]);
        require(token.bits() == address(slot), "a token is the slot's address");
        require_settled(before, &slots_[slot]);
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
