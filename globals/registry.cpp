/// globals/registry.cpp: entries are made first, slots are written after.
#include "globals/registry.h"

#include "globals/check.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>

namespace hpystate {

void Registry::add(const SlotOwner& owner, std::span<std::uintptr_t* const> slots) {
    const auto shared = std::make_shared<const SlotOwner>(owner);
    Map fresh;
    fresh.reserve(slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) {
        fresh.try_emplace(reinterpret_cast<std::uintptr_t>(slots[i]), SlotInfo{shared, i});
    }
    {
        const std::lock_guard lock(mutex_);
        tokens_.reserve(tokens_.size() + fresh.size()); // the last thing that can throw
        for (auto& [bits, info] : fresh) {
            const auto known = tokens_.find(bits);
            if (known != tokens_.end() && !known->second.listed()) {
                known->second = info; // was stored to before its module listed it
            }
        }
        tokens_.merge(fresh);
        HPYSTATE_CHECK(has_all(slots)); // G2, G3
        // Under the lock: an interpreter that makes the module at the same time finds the slots
        // written, and does not write them again while extension code here reads them.
        for (std::uintptr_t* const slot : slots)
            settle(slot);
    }
}

Token Registry::add_unlisted(std::uintptr_t* slot) {
    const std::lock_guard lock(mutex_); // also while it is written: see add()
    tokens_.try_emplace(reinterpret_cast<std::uintptr_t>(slot));
    HPYSTATE_CHECK(has_all({&slot, 1})); // G2
    settle(slot);
    return Token(reinterpret_cast<std::uintptr_t>(slot));
}

void Registry::settle(std::uintptr_t* slot) noexcept {
    publish(slot, [this](std::uintptr_t held) { return held == 0 || tokens_.count(held) != 0; });
}

Registry::Match Registry::match(std::uintptr_t content) const {
    const std::lock_guard lock(mutex_);
    Match found;
    found.is_token = tokens_.count(content) != 0;
    if (found.is_token) return found;
    for (const auto& [slot, info] : tokens_) {
        if (!info.listed()) continue;
        // relaxed: whoever writes it is another runtime, which publishes nothing to this one.
        const std::atomic_ref word(*reinterpret_cast<std::uintptr_t*>(slot));
        if (word.load(std::memory_order_relaxed) != content) continue;
        ++found.count;
        found.slot = slot;
    }
    return found;
}

bool Registry::has_all(std::span<std::uintptr_t* const> slots) const {
    HPYSTATE_CHECK(mutex_.is_held());
    return std::all_of(slots.begin(), slots.end(), [this](const std::uintptr_t* slot) {
        return tokens_.count(reinterpret_cast<std::uintptr_t>(slot)) != 0;
    });
}

std::optional<SlotInfo> Registry::find(Token token) const {
    const std::lock_guard lock(mutex_);
    const auto known = tokens_.find(token.bits());
    if (known == tokens_.end()) return std::nullopt;
    return known->second;
}

std::size_t Registry::size() const {
    const std::lock_guard lock(mutex_);
    return tokens_.size();
}

std::string Registry::describe(Token token) const {
    if (token.is_unset()) return "a global that was never stored";
    const std::optional<SlotInfo> info = find(token);
    if (!info || !info->listed()) return "a global that no module lists";
    return "globals[" + std::to_string(info->index) + "] of module " + info->owner->module + " (" +
           info->owner->file + ")";
}

Registry& registry() {
    static Registry& process_wide = *new Registry;
    return process_wide;
}

} // namespace hpystate
