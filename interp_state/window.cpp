/// interp_state/window.cpp: claiming, storing, closing. The load is in the header.
#include "interp_state/window.h"

#include "globals/throwing.h"

#include <new>
#include <sys/mman.h>
#include <utility>

namespace hpystate {

ObjectPointer Window::load_slow(Token token) const noexcept {
    if (closed_ || overflow_ == nullptr) return nullptr;
    const auto found = overflow_->find(token.bits());
    return found == overflow_->end() ? nullptr : found->second;
}

std::atomic<ObjectPointer>* Window::entry_word(Token token) noexcept {
    Entry& entry = entries_[index_of(token)];
    return entry.token.load(std::memory_order_relaxed) == token.bits() ? &entry.object : nullptr;
}

bool Window::claim(Token token) noexcept {
    const std::size_t index = index_of(token);
    Entry& entry = entries_[index];
    const std::uintptr_t tenant = entry.token.load(std::memory_order_relaxed);
    if (tenant == token.bits()) return true;
    if (tenant == 0) {
        const std::size_t page = index / kEntriesPerPage;
        touched_[page / kPagesPerWord] |= std::uint64_t{1} << (page % kPagesPerWord);
        entry.token.store(token.bits(), std::memory_order_relaxed);
        return true;
    }
    if (!can_throw()) return false;
    try {
        if (overflow_ == nullptr) overflow_ = std::make_unique<Overflow>();
        overflow_->try_emplace(token.bits(), nullptr);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

Window::Outcome Window::store(Token token, ObjectPointer object, ObjectPointer& old) noexcept {
    if (closed_) return Outcome::kClosed;
    if (!claim(token)) return Outcome::kNoMemory;
    if (std::atomic<ObjectPointer>* const word = entry_word(token)) {
        // release: pairs with the acquire in load(). One exchange: no reader sees the slot empty.
        old = word->exchange(object, std::memory_order_acq_rel);
    } else {
        old = std::exchange(overflow_->find(token.bits())->second, object);
    }
    return Outcome::kStored;
}

ObjectPointer Window::take(Token token) noexcept {
    if (closed_) return nullptr;
    if (std::atomic<ObjectPointer>* const word = entry_word(token)) {
        return word->exchange(nullptr, std::memory_order_acq_rel);
    }
    if (overflow_ == nullptr) return nullptr;
    const auto found = overflow_->find(token.bits());
    return found == overflow_->end() ? nullptr : std::exchange(found->second, nullptr);
}

void Window::close() noexcept {
    if (closed_) return;
    closed_ = true;
    taken_ = 0;
    // A token that belongs to another entry is found in none: from here on no load matches,
    // whatever an extension passes, and the objects can be released one after the other without a
    // destructor seeing its neighbours.
    for_each_entry(*this, [](Entry& entry) {
        const std::uintptr_t bits = entry.token.load(std::memory_order_relaxed);
        if (bits != 0) entry.token.store(bits ^ kElsewhere, std::memory_order_relaxed);
        return 0;
    });
}

ObjectPointer Window::take_any() noexcept {
    for (; taken_ < kEntries; ++taken_) {
        const std::size_t page = taken_ / kEntriesPerPage;
        if ((touched_[page / kPagesPerWord] >> (page % kPagesPerWord) & 1U) == 0) {
            taken_ += kEntriesPerPage - 1;
            continue;
        }
        ObjectPointer const object =
            entries_[taken_].object.exchange(nullptr, std::memory_order_acq_rel);
        if (object != nullptr) return object;
    }
    while (overflow_ != nullptr && !overflow_->empty()) {
        const ObjectPointer object = overflow_->begin()->second;
        overflow_->erase(overflow_->begin());
        if (object != nullptr) return object;
    }
    return nullptr;
}

void Window::reset() noexcept {
    for (std::size_t page = 0; page < kPages; ++page) {
        if ((touched_[page / kPagesPerWord] >> (page % kPagesPerWord) & 1U) == 0) continue;
        // Private anonymous memory: the pages read as zeros afterwards.
        Entry* const first = &entries_[page * kEntriesPerPage];
        if (madvise(static_cast<void*>(first), kPageBytes, MADV_DONTNEED) == 0) continue;
        for (std::size_t i = 0; i < kEntriesPerPage; ++i) {
            first[i].token.store(0, std::memory_order_relaxed);
            first[i].object.store(nullptr, std::memory_order_relaxed);
        }
    }
    touched_.fill(0);
    overflow_.reset();
    taken_ = 0;
    closed_ = false;
}

Window::Counts Window::counts() const noexcept {
    Counts counts;
    for_each_entry(*this, [&](const Entry& entry) {
        if (entry.token.load(std::memory_order_relaxed) != 0) ++counts.slots;
        return 0;
    });
    for (const std::uint64_t word : touched_)
        counts.pages += std::popcount(word);
    if (overflow_ != nullptr) counts.overflow = overflow_->size();
    counts.slots += counts.overflow;
    for_each([&](ObjectPointer) {
        ++counts.values;
        return 0;
    });
    return counts;
}

bool Window::is_valid() const noexcept {
    bool valid = true;
    for (std::size_t i = 0; i < kEntries && valid; ++i) {
        const std::uintptr_t bits = entries_[i].token.load(std::memory_order_relaxed);
        const bool has_object = entries_[i].object.load(std::memory_order_relaxed) != nullptr;
        if (bits == 0) {
            valid = !has_object;
            continue;
        }
        const std::size_t page = i / kEntriesPerPage;
        valid = (touched_[page / kPagesPerWord] >> (page % kPagesPerWord) & 1U) != 0 &&
                index_of(Token(closed_ ? bits ^ kElsewhere : bits)) == i;
    }
    if (overflow_ == nullptr) return valid;
    for (const auto& [bits, object] : *overflow_) {
        const std::uintptr_t tenant = entries_[index_of(Token(bits))].token.load();
        valid = valid && tenant != 0 && tenant != (closed_ ? bits ^ kElsewhere : bits);
    }
    return valid;
}

} // namespace hpystate
