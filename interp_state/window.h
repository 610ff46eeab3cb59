/// interp_state/window.h: one interpreter's table from tokens to objects.
///
/// A reserved array of entries, indexed by the token's low bits. A load is an address plus an
/// offset and one comparison: no hash, no growth, nobody blocked. A module's slots are neighbours
/// in memory, so they are neighbours here and touch one or two pages of the array.
///
///     entry:  {0, -}  --claim-->  {token, null}  <--store-->  {token, object}  --close-->  {-, -}
///
/// A second token that falls on a claimed entry lives in the overflow map.
///
/// Invariants (is_valid() checks them in tests)
///   W1  Whatever the token, load() gives the object that was stored here under this very token,
///       or nullptr: an entry that carries another token is never answered from.
///   W2  An entry's token is written once, before its object, and stays until the window closes.
///   W3  A token lives in its entry or in the overflow, never in both.
///   W4  Only pages whose bit in `touched_` is set hold anything but zeros.
///   W5  Once closed, every load gives nullptr and every store is refused, until reset().
///
/// Concurrency: only threads attached to the owning interpreter write; with a GIL that is one at a
/// time, so orders are relaxed but for W2. A thread that kept a context of an interpreter that is
/// gone may read at any time: that is why the words are atomic. It reads nullptr.
///
/// The window counts no references: it hands owned objects out and takes owned objects in, and its
/// caller releases what comes out. So nothing in here can run Python code.
#pragma once

#include "globals/token.h"

#include <hpy/handle.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

namespace hpystate {

/// An object of the interpreter; Python.h is not needed to keep its address.
using ObjectPointer = cpy_PyObject*;

class Window {
  public:
    /// 131,072 entries: 2 MiB of address space, so 100,000 neighbouring slots do not collide.
    static constexpr unsigned kBits = 17;
    static constexpr std::size_t kEntries = std::size_t{1} << kBits;

    struct Entry {
        std::atomic<std::uintptr_t> token;
        std::atomic<ObjectPointer> object;

        [[nodiscard]] bool holds(Token wanted) const noexcept {
            return token.load(std::memory_order_relaxed) == wanted.bits();
        }
        [[nodiscard]] ObjectPointer get() const noexcept {
            // acquire: pairs with the exchange in store(); free of cost on x86, and where a GIL
            // orders the two anyway.
            return object.load(std::memory_order_acquire);
        }
    };

    enum class Outcome : std::uint8_t { kStored, kNoMemory, kClosed };

    /// The entry that `token` falls on; the start of every load.
    [[nodiscard]] const Entry& entry_of(Token token) const noexcept {
        return entries_[index_of(token)];
    }

    /// The object stored under `token`, borrowed, or nullptr.
    [[nodiscard]] ObjectPointer load(Token token) const noexcept {
        const Entry& entry = entry_of(token);
        return entry.holds(token) ? entry.get() : load_slow(token);
    }

    /// The same for a token that its entry does not hold.
    [[nodiscard, gnu::cold, gnu::noinline]] ObjectPointer load_slow(Token token) const noexcept;

    /// Reserves the place of a token, so that a later store allocates nothing. False: no memory.
    [[nodiscard]] bool claim(Token token) noexcept;

    /// Whether a place was reserved for the token, whatever stands there.
    [[nodiscard]] bool claimed(Token token) const noexcept {
        return entry_of(token).holds(token) ||
               (overflow_ != nullptr && overflow_->count(token.bits()) != 0);
    }

    /// Puts `object` (taken; nullptr clears) under `token`. Where it returns kStored, `old` is the
    /// object that stood there, the caller's now; otherwise `object` stays the caller's.
    [[nodiscard]] Outcome store(Token token, ObjectPointer object, ObjectPointer& old) noexcept;

    /// Takes the object out from under `token`; the caller owns it.
    [[nodiscard]] ObjectPointer take(Token token) noexcept;

    /// From now on every load gives nullptr and every store is refused. The objects stay, for
    /// take_any() to hand out one after the other.
    void close() noexcept;
    [[nodiscard]] bool closed() const noexcept { return closed_; }

    /// Any object of a closed window, the caller's now; nullptr when there is none left.
    [[nodiscard]] ObjectPointer take_any() noexcept;

    /// Empties an emptied, closed window and opens it again; gives its pages back to the system.
    void reset() noexcept;

    /// Calls `visit(object)` once for every reference that the window owns; stops at a result that
    /// is not 0 and returns it. Walks touched pages only; takes no lock.
    template <typename Visit>
    int for_each(Visit&& visit) const;

    struct Counts {
        std::size_t slots = 0;    ///< tokens claimed
        std::size_t values = 0;   ///< tokens with an object
        std::size_t pages = 0;    ///< pages of the array in use
        std::size_t overflow = 0; ///< tokens that found their entry taken
    };
    [[nodiscard]] Counts counts() const noexcept;

    /// W3 and W4, and W2 as far as one look can tell.
    [[nodiscard]] bool is_valid() const noexcept;

    [[nodiscard]] static constexpr std::size_t index_of(Token token) noexcept {
        return (token.bits() >> 3) & (kEntries - 1); // slots are aligned to 8
    }

  private:
    static constexpr std::size_t kPageBytes = 4096;
    static constexpr std::size_t kEntriesPerPage = kPageBytes / sizeof(Entry);
    static constexpr std::size_t kPages = kEntries / kEntriesPerPage;
    static constexpr unsigned kPagesPerWord = 64;
    /// Turns a token into one that falls on another entry.
    static constexpr std::uintptr_t kElsewhere = 8;

    using Overflow = std::unordered_map<std::uintptr_t, ObjectPointer>;

    /// The word of `token`'s own entry, if the token lives there.
    [[nodiscard]] std::atomic<ObjectPointer>* entry_word(Token token) noexcept;
    /// Calls `visit(entry)` for every entry of a touched page; `Self` is Window, const or not.
    template <typename Self, typename Visit>
    static int for_each_entry(Self& self, Visit&& visit);

    std::array<Entry, kEntries> entries_; ///< first: the region is page-aligned, so pages line up
    std::array<std::uint64_t, kPages / kPagesPerWord> touched_;
    std::unique_ptr<Overflow> overflow_; ///< null until two tokens meet
    std::size_t taken_;                  ///< of a closed window: entries before this one are empty
    bool closed_;
};

template <typename Self, typename Visit>
int Window::for_each_entry(Self& self, Visit&& visit) {
    for (std::size_t word = 0; word < self.touched_.size(); ++word) {
        for (std::uint64_t bits = self.touched_[word]; bits != 0; bits &= bits - 1) {
            const std::size_t first =
                (word * kPagesPerWord + std::countr_zero(bits)) * kEntriesPerPage;
            for (std::size_t i = first; i < first + kEntriesPerPage; ++i) {
                if (const int result = visit(self.entries_[i])) return result;
            }
        }
    }
    return 0;
}

template <typename Visit>
int Window::for_each(Visit&& visit) const {
    const int result = for_each_entry(*this, [&](const Entry& entry) {
        const ObjectPointer object = entry.object.load(std::memory_order_acquire);
        return object != nullptr ? visit(object) : 0;
    });
    if (result != 0 || overflow_ == nullptr) return result;
    for (const auto& [bits, object] : *overflow_) {
        if (object == nullptr) continue;
        if (const int stop = visit(object)) return stop;
    }
    return 0;
}

} // namespace hpystate
