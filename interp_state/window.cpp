/// interp_state/window.cpp: claiming, storing, closing. The fast path of a load is in the header.
#include "interp_state/window.h"

#include "globals/check.h"
#include "globals/throwing.h"

#include <memory>
#include <mutex>
#include <new>
#include <sys/mman.h>
#include <unordered_map>
#include <utility>

namespace hpystate {

/// The values of tokens whose entry belongs to another token. Made at most once in an interpreter's
/// life.
struct Window::Overflow {
    InterpreterMutex mutex{LockRank::kWindow};
    std::unordered_map<std::uintptr_t, ObjectPointer> values; ///< guarded by mutex
};

namespace {

ObjectPointer taken(ObjectPointer object, TakeReference take) noexcept {
    if (object != nullptr) take(object);
    return object;
}

} // namespace

Window::~Window() {
    delete overflow_.load(std::memory_order_relaxed);
}

ObjectPointer Window::load_slow(Token token, TakeReference take) const noexcept {
    if (closed()) return nullptr;
    const std::size_t index = index_of(token);
    const Entry& entry = mapped_.arrays.entries[index];
    if (entry.holds(token)) {
        // relaxed: an empty slot needs no lock. Otherwise the lock orders.
        if (entry.word.load(std::memory_order_relaxed) == 0) return nullptr;
        const std::lock_guard lock(stripes_[index % kStripes].mutex);
        return taken(Word(entry.word.load(std::memory_order_relaxed)).object(), take);
    }
    // acquire: pairs with the release in overflow(); the map is made.
    Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return nullptr;
    const std::lock_guard lock(others->mutex);
    const auto found = others->values.find(token.bits());
    return found != others->values.end() ? taken(found->second, take) : nullptr;
}

void Window::touch(std::size_t page) noexcept {
    HPYSTATE_CHECK(page < kPages);
    const std::uint64_t bit = std::uint64_t{1} << (page % kPagesPerWord);
    // relaxed: read where no other thread is attached, or the collector has stopped them all.
    touched_[page / kPagesPerWord].fetch_or(bit, std::memory_order_relaxed);
}

Window::Overflow& Window::overflow() {
    Overflow* there = overflow_.load(std::memory_order_acquire);
    if (there != nullptr) return *there;
    auto fresh = std::make_unique<Overflow>();
    // release: pairs with the acquire of whoever finds it; the map is made. acquire: pairs with
    // another thread's release, whose map is used then.
    if (overflow_.compare_exchange_strong(there, fresh.get(), std::memory_order_acq_rel,
                                          std::memory_order_acquire)) {
        there = fresh.release();
    }
    return *there;
}

bool Window::claim(Token token) noexcept {
    const std::size_t index = index_of(token);
    Entry& entry = entry_at(index);
    // relaxed: a token only names the entry's owner; objects are published by their own word.
    std::uintptr_t tenant = entry.token.load(std::memory_order_relaxed);
    if (tenant == token.bits()) return true;
    if (tenant == 0) {
        touch(index / kEntriesPerPage);
        // Another thread may have claimed the same token first; then we are done too.
        if (entry.token.compare_exchange_strong(tenant, token.bits(), std::memory_order_relaxed) ||
            tenant == token.bits())
            return true;
    }
    if (!can_throw()) return false;
    try {
        Overflow& others = overflow();
        HPYSTATE_CHECK(!entry.holds(token)); // W3
        const std::lock_guard lock(others.mutex);
        others.values.try_emplace(token.bits(), nullptr);
        return true;
    } catch (const std::bad_alloc&) {
        return false;
    }
}

bool Window::claimed(Token token) const noexcept {
    if (entry_of(token).holds(token)) return true;
    Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return false;
    const std::lock_guard lock(others->mutex);
    return others->values.count(token.bits()) != 0;
}

ObjectPointer Window::replace(std::size_t index, ObjectPointer object) noexcept {
    HPYSTATE_CHECK(is_touched(index / kEntriesPerPage)); // W4
    std::atomic<std::uintptr_t>& word = entry_at(index).word;
    if constexpr (!kNoGil) {
        // release: pairs with the acquire in plain(). One exchange: no load finds the slot empty.
        return Word(word.exchange(Word::plain(object).bits(), std::memory_order_acq_rel)).object();
    } else {
        const std::lock_guard lock(stripes_[index % kStripes].mutex);
        // relaxed: written under this lock only.
        const Word before(word.load(std::memory_order_relaxed));
        ObjectPointer const old = before.object();
        if (before.is_cell()) {
            // relaxed: a load that finds a cell reads it again under the lock.
            word.store(Word::cell(object).bits(), std::memory_order_relaxed);
            return old;
        }
        if (old == object) return old; // the window needs one of the two references
        if (old == nullptr) {
            // release: pairs with the acquire in plain(); the object is complete.
            word.store(Word::plain(object).bits(), std::memory_order_release);
            return nullptr;
        }
        HPYSTATE_CHECK(mapped_.arrays.first(index) == nullptr);
        mapped_.arrays.first(index) = old; // somebody may be using it: kept
        word.store(Word::cell(object).bits(), std::memory_order_relaxed);
        return nullptr;
    }
}

ObjectPointer Window::replace_in_overflow(Token token, ObjectPointer object) noexcept {
    Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return nullptr;
    const std::lock_guard lock(others->mutex);
    const auto found = others->values.find(token.bits());
    return found != others->values.end() ? std::exchange(found->second, object) : nullptr;
}

Window::Outcome Window::store(Token token, ObjectPointer object, ObjectPointer& old) noexcept {
    if (closed()) return Outcome::kClosed;
    if (!claim(token)) return Outcome::kNoMemory;
    const std::size_t index = index_of(token);
    old =
        entry_at(index).holds(token) ? replace(index, object) : replace_in_overflow(token, object);
    return Outcome::kStored;
}

ObjectPointer Window::take(Token token) noexcept {
    if (closed()) return nullptr;
    const std::size_t index = index_of(token);
    return entry_at(index).holds(token) ? replace(index, nullptr)
                                        : replace_in_overflow(token, nullptr);
}

ObjectPointer Window::take_for_good(Token token) noexcept {
    if constexpr (!kNoGil) return take(token);
    if (closed()) return nullptr;
    const std::size_t index = index_of(token);
    if (!entry_at(index).holds(token)) return replace_in_overflow(token, nullptr);
    const std::lock_guard lock(stripes_[index % kStripes].mutex);
    std::atomic<std::uintptr_t>& word = entry_at(index).word;
    // relaxed, here and below: no other thread is attached.
    const Word before(word.load(std::memory_order_relaxed));
    if (before.is_cell() && before.object() != nullptr) {
        word.store(Word::cell(nullptr).bits(), std::memory_order_relaxed);
        return before.object();
    }
    word.store(0, std::memory_order_relaxed); // no cell any more, so there is no first object: W7
    if (!before.is_cell()) return before.object();
    return std::exchange(mapped_.arrays.first(index), nullptr);
}

void Window::close() noexcept {
    if (closed()) return;
    closed_.store(true, std::memory_order_relaxed);
    taken_ = 0;
    // Each entry gets a token that belongs to another entry, and so is never found: from here on no
    // load matches, whatever an extension passes, and the objects can be released one after the
    // other without a destructor seeing the others.
    for_each_index([this](std::size_t i) {
        std::atomic<std::uintptr_t>& token = entry_at(i).token;
        const std::uintptr_t bits = token.load(std::memory_order_relaxed);
        if (bits != 0) token.store(bits ^ kElsewhere, std::memory_order_relaxed);
        return 0;
    });
}

ObjectPointer Window::take_any() noexcept {
    HPYSTATE_CHECK(closed());
    for (; taken_ < kEntries; ++taken_) {
        if (!is_touched(taken_ / kEntriesPerPage)) {
            taken_ += kEntriesPerPage - 1;
            continue;
        }
        std::atomic<std::uintptr_t>& word = entry_at(taken_).word;
        if constexpr (kNoGil) {
            // Only a cell has a first object: the pages of all others are not touched.
            if (Word(word.load(std::memory_order_relaxed)).is_cell()) {
                ObjectPointer& first = mapped_.arrays.first(taken_);
                if (first != nullptr) return std::exchange(first, nullptr);
            }
        }
        // acquire: pairs with the release in replace(), of a thread that is not attached any more.
        ObjectPointer const object = Word(word.exchange(0, std::memory_order_acq_rel)).object();
        if (object != nullptr) return object;
    }
    Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return nullptr;
    const std::lock_guard lock(others->mutex);
    while (!others->values.empty()) {
        const ObjectPointer object = others->values.begin()->second;
        others->values.erase(others->values.begin());
        if (object != nullptr) return object;
    }
    return nullptr;
}

void Window::give_back(std::size_t page) noexcept {
    HPYSTATE_CHECK(is_touched(page)); // W4
    // Private anonymous memory: the pages read as zeros afterwards.
    const auto dropped = [](void* memory, std::size_t bytes) {
        return madvise(memory, bytes, MADV_DONTNEED) == 0;
    };
    const std::size_t first = page * kEntriesPerPage;
    if (!dropped(&entry_at(first), kPageBytes)) {
        for (std::size_t i = first; i < first + kEntriesPerPage; ++i) {
            entry_at(i).token.store(0, std::memory_order_relaxed);
            entry_at(i).word.store(0, std::memory_order_relaxed);
        }
    }
    if constexpr (kNoGil) {
        // Two pages of entries share one page of first objects, which take_any() has emptied. If
        // the kernel refuses to drop it, it holds zeros all the same.
        constexpr std::size_t kFirstsPerPage = kPageBytes / sizeof(ObjectPointer);
        static_cast<void>(
            dropped(&mapped_.arrays.first(first / kFirstsPerPage * kFirstsPerPage), kPageBytes));
    }
}

void Window::reset() noexcept {
    for (std::size_t page = 0; page < kPages; ++page) {
        if (is_touched(page)) give_back(page);
    }
    for (std::atomic<std::uint64_t>& word : touched_)
        word.store(0, std::memory_order_relaxed);
    delete overflow_.exchange(nullptr, std::memory_order_acq_rel);
    taken_ = 0;
    closed_.store(false, std::memory_order_relaxed);
}

int Window::visit_overflow(int (*visit)(ObjectPointer object, void* data), void* data) const {
    // No lock: no thread writes now. No thread was stopped while writing either, since a write
    // attaches and detaches no thread.
    const Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return 0;
    for (const auto& [bits, object] : others->values) {
        if (const int stop = object != nullptr ? visit(object, data) : 0) return stop;
    }
    return 0;
}

Window::Counts Window::counts() const noexcept {
    Counts counts;
    for_each_index([&](std::size_t i) {
        const Entry& entry = mapped_.arrays.entries[i];
        const Word word(entry.word.load(std::memory_order_relaxed));
        if (entry.token.load(std::memory_order_relaxed) != 0) ++counts.slots;
        if (word.object() != nullptr) ++counts.values;
        if (word.is_cell()) ++counts.kept;
        return 0;
    });
    for (const std::atomic<std::uint64_t>& word : touched_)
        counts.pages += std::popcount(word.load(std::memory_order_relaxed));
    Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return counts;
    const std::lock_guard lock(others->mutex);
    counts.overflow = others->values.size();
    counts.slots += counts.overflow;
    for (const auto& [bits, object] : others->values)
        counts.values += object != nullptr ? 1 : 0;
    return counts;
}

bool Window::is_entry_valid(std::size_t index, bool looks_at_firsts) const noexcept {
    const Entry& entry = mapped_.arrays.entries[index];
    const std::uintptr_t bits = entry.token.load(std::memory_order_relaxed);
    const Word word(entry.word.load(std::memory_order_relaxed));
    if (bits == 0) return word.bits() == 0;
    const Token own(closed() ? bits ^ kElsewhere : bits);
    if (!is_touched(index / kEntriesPerPage) || index_of(own) != index) return false;
    if constexpr (!kNoGil) return true;
    if (closed() || !(looks_at_firsts || word.is_cell())) return true;
    return (mapped_.arrays.first(index) != nullptr) == word.is_cell();
}

bool Window::is_overflow_valid() const noexcept {
    const Overflow* const others = overflow_.load(std::memory_order_acquire);
    if (others == nullptr) return true;
    for (const auto& [bits, object] : others->values) {
        const std::uintptr_t tenant = entry_of(Token(bits)).token.load(std::memory_order_relaxed);
        if (tenant == 0 || (closed() ? tenant ^ kElsewhere : tenant) == bits) return false;
    }
    return true;
}

bool Window::is_valid() const noexcept {
    for (std::size_t i = 0; i < kEntries; ++i) {
        if (!is_entry_valid(i, true)) return false;
    }
    return is_overflow_valid();
}

bool Window::is_used_part_valid() const noexcept {
    for (std::size_t page = 0; page < kPages; ++page) {
        if (!is_touched(page)) continue;
        for (std::size_t i = 0; i < kEntriesPerPage; ++i) {
            if (!is_entry_valid(page * kEntriesPerPage + i, false)) return false;
        }
    }
    return is_overflow_valid();
}

} // namespace hpystate
