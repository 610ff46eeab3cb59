/// interp_state/window.h: one interpreter's table from tokens to objects.
///
/// A reserved array of entries, indexed by the token's low bits. A load is an address plus an
/// offset and one comparison: no hash, no growth, no waiting. A module's slots are neighbours in
/// memory, so they are neighbours here and touch one or two pages of the array.
///
///     entry:  {0, -}  --claim-->  {token, null}  <--store-->  {token, object}  --close-->  {-, -}
///
/// Without the GIL a reader may hold an object's address while another thread stores. So the first
/// object of a slot is kept until the end, and later ones are read under a lock:
///
///     entry:  {token, null}  --store-->  {token, first}  --store-->  {token, cell: object or null}
///                                                          first: kept in `firsts` until the end
///
/// A second token that maps to a claimed entry is kept in the overflow map; without the GIL all
/// values in there are read under a lock.
///
/// Invariants (is_valid() checks them in tests)
///   W1  Whatever the token, a load returns the object that was stored here under this very token,
///       or nullptr. It never returns the object of an entry that carries another token.
///   W2  An entry's token is written once, before its object, and stays until the window closes.
///   W3  A token lives in its entry or in the overflow, never in both.
///   W4  Only pages whose bit in `touched_` is set hold anything but zeros.
///   W5  Once closed, every load returns nullptr and every store is refused, until reset().
///   Without the GIL only:
///   W6  An object that was once seen in a plain word (no cell) is owned by the window until it is
///       closed, or its interpreter takes it for good: it may be used without a reference of one's
///       own.
///   W7  `firsts` has an object for an entry if and only if its word is a cell; so there is one
///       kept object for a slot at most, which bounds the memory that overwritten values hold.
///   W8  The object of a cell or of the overflow is read, and a reference to it taken, under the
///       lock that its writers hold. No lock is held while anything else is called.
///
/// Concurrency: only threads attached to the owning interpreter write; with a GIL that is one at a
/// time, without it any number. close(), take_for_good(), take_any() and reset() run when no other
/// thread is attached; for_each() when none is, or while the collector has stopped them. A thread
/// that kept a context of an interpreter that is gone may read at any time: that is why the words
/// are atomic. It reads nullptr.
///
///     word          written by                        read by
///     Entry::token  claim (once), close, reset        any load: relaxed, since it only names the
///                                                     owner, and never changes while open
///     Entry::word   store, take: under the stripe     any load: acquire, pairs with the release of
///                   (no GIL), else by exchange        the first store
///     firsts        store, take: under the stripe     for_each, take_any, take_for_good
///     touched_      claim, before the token: relaxed  close, reset, for_each: no other thread runs
///     overflow_     claim, once: release              anybody: acquire. Its map: under its lock
///
/// The window counts no references: it hands owned objects out and takes owned objects in, and its
/// caller releases what it returns. So nothing in here can run Python code.
#pragma once

#include "globals/gil.h"
#include "globals/locks.h"
#include "globals/token.h"

#include <hpy/handle.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace hpystate {

/// An object of the interpreter; Python.h is not needed to keep its address.
using ObjectPointer = cpy_PyObject*;

/// Takes a reference to an object, which is not nullptr. Runs under a lock of the window.
using TakeReference = void (*)(ObjectPointer object) noexcept;

/// The word beside a token: an object's address or nullptr and, without the GIL, whether the slot's
/// first object was replaced.
class Word {
  public:
    explicit constexpr Word(std::uintptr_t bits) noexcept : bits_(bits) {}
    [[nodiscard]] static Word plain(ObjectPointer object) noexcept {
        return Word(reinterpret_cast<std::uintptr_t>(object));
    }
    [[nodiscard]] static Word cell(ObjectPointer object) noexcept {
        return Word(reinterpret_cast<std::uintptr_t>(object) | kCell);
    }

    [[nodiscard]] constexpr std::uintptr_t bits() const noexcept { return bits_; }
    [[nodiscard]] constexpr bool is_cell() const noexcept { return kNoGil && (bits_ & kCell) != 0; }
    [[nodiscard]] ObjectPointer object() const noexcept {
        return reinterpret_cast<ObjectPointer>(kNoGil ? bits_ & ~kCell : bits_);
    }

  private:
    static constexpr std::uintptr_t kCell = 1; ///< objects are aligned
    std::uintptr_t bits_;
};

class Window {
  public:
    /// 131,072 entries: 2 MiB of address space, so 100,000 neighbouring slots do not collide.
    static constexpr unsigned kBits = 17;
    static constexpr std::size_t kEntries = std::size_t{1} << kBits;
    /// Locks for the slots; neighbours have different ones. With the GIL there is nothing to lock.
    static constexpr std::size_t kStripes = kNoGil ? 16 : 1;

    struct Entry {
        std::atomic<std::uintptr_t> token;
        std::atomic<std::uintptr_t> word;

        [[nodiscard]] bool holds(Token wanted) const noexcept {
            return token.load(std::memory_order_relaxed) == wanted.bits();
        }

        /// The object if it may be used without a reference: with the GIL until Python code runs,
        /// without it until the interpreter ends (W6). nullptr: call load_slow().
        [[nodiscard]] ObjectPointer plain() const noexcept {
            // acquire: pairs with the release in replace(); free of cost on x86, and where a GIL
            // orders the two anyway.
            const Word found(word.load(std::memory_order_acquire));
            return found.is_cell() ? nullptr : found.object();
        }
    };

    enum class Outcome : std::uint8_t { kStored, kNoMemory, kClosed };

    Window() noexcept = default;
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;
    ~Window();

    /// The entry that `token` maps to; every load starts here.
    [[nodiscard]] const Entry& entry_of(Token token) const noexcept {
        return mapped_.arrays.entries[index_of(token)];
    }

    /// The object stored under `token`, with a reference that `take` took, or nullptr.
    [[nodiscard]] ObjectPointer load(Token token, TakeReference take) const noexcept {
        const Entry& entry = entry_of(token);
        ObjectPointer const object = entry.holds(token) ? entry.plain() : nullptr;
        if (object == nullptr) return load_slow(token, take);
        take(object);
        return object;
    }

    /// The same where the entry has no plain word for the token: it holds nothing or a cell, or the
    /// token is in the overflow.
    [[nodiscard, gnu::cold, gnu::noinline]] ObjectPointer
    load_slow(Token token, TakeReference take) const noexcept;

    /// The object stored under `token`, borrowed; nullptr: there is none. The caller may use it
    /// until the slot is stored to.
    [[nodiscard]] ObjectPointer borrow(Token token) const noexcept {
        return load(token, [](ObjectPointer) noexcept {});
    }

    /// Reserves the place of a token, so that a later store allocates nothing. False: no memory.
    [[nodiscard]] bool claim(Token token) noexcept;

    /// Whether a place was reserved for the token, whatever it holds.
    [[nodiscard]] bool claimed(Token token) const noexcept;

    /// Stores `object` under `token`; nullptr clears the slot. kStored: the window took the
    /// reference, and the caller has to release `old`: the object that was there, or nullptr where
    /// there was none, or it was the first one, which is kept. Otherwise `object` still belongs to
    /// the caller.
    [[nodiscard]] Outcome store(Token token, ObjectPointer object, ObjectPointer& old) noexcept;

    /// Clears the value of `token`. The caller releases what this returns, as `old` after a store.
    [[nodiscard]] ObjectPointer take(Token token) noexcept;

    /// The same where the interpreter ends: no other thread is attached, so without the GIL the
    /// kept first object is returned too. Call it until it returns nullptr.
    [[nodiscard]] ObjectPointer take_for_good(Token token) noexcept;

    /// From now on every load returns nullptr and every store is refused. The objects stay, until
    /// take_any() has returned them one after the other.
    void close() noexcept;
    [[nodiscard]] bool closed() const noexcept {
        // relaxed: written when no thread but the asking one is attached.
        return closed_.load(std::memory_order_relaxed);
    }

    /// Moves any one object out of a closed window: the caller owns it. nullptr: there is none
    /// left.
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
        std::size_t kept = 0;     ///< first objects that were replaced; always 0 with the GIL
        std::size_t pages = 0;    ///< pages of the array in use
        std::size_t overflow = 0; ///< tokens whose entry belongs to another one
    };
    [[nodiscard]] Counts counts() const noexcept;

    /// Whether W3, W4 and W7 hold, and W2 as far as it can be seen at one moment. No other thread
    /// writes meanwhile.
    [[nodiscard]] bool is_valid() const noexcept;

    /// The same for the pages in use, which touches no other memory: for checks while running.
    [[nodiscard]] bool is_used_part_valid() const noexcept;

    /// A word for the region that the window belongs to (interp_state/region.h): the interpreter
    /// whose values are here. It is kEntriesToOpenFor bytes behind the first entry, for inline code
    /// of extensions (hpystate/global.h).
    [[nodiscard]] std::atomic<const void*>& open_for() noexcept {
        static_assert(offsetof(Arrays, open_for) - offsetof(Arrays, entries) == kEntriesToOpenFor);
        return mapped_.arrays.open_for;
    }
    [[nodiscard]] const std::atomic<const void*>& open_for() const noexcept {
        return mapped_.arrays.open_for;
    }
    static constexpr std::size_t kEntriesToOpenFor = kEntries * sizeof(Entry);

    [[nodiscard]] static constexpr std::size_t index_of(Token token) noexcept {
        return (token.bits() >> 3) & (kEntries - 1); // slots are aligned to 8
    }

  private:
    [[nodiscard]] bool is_entry_valid(std::size_t index, bool looks_at_firsts) const noexcept;
    [[nodiscard]] bool is_overflow_valid() const noexcept;

    static constexpr std::size_t kPageBytes = 4096;
    static constexpr std::size_t kEntriesPerPage = kPageBytes / sizeof(Entry);
    static constexpr std::size_t kPages = kEntries / kEntriesPerPage;
    static constexpr unsigned kPagesPerWord = 64;
    /// Turns a token into one that maps to another entry.
    static constexpr std::uintptr_t kElsewhere = 8;

    /// The entries, and the word behind them, open_for(). Without the GIL the first objects that
    /// were replaced come before, so the distance between the two is always the same.
    struct WithGil {
        std::array<Entry, kEntries> entries;
        std::atomic<const void*> open_for;

        /// With the GIL there is none, and nobody asks.
        [[nodiscard]] ObjectPointer& first(std::size_t) noexcept { __builtin_unreachable(); }
        [[nodiscard]] ObjectPointer first(std::size_t) const noexcept { __builtin_unreachable(); }
    };
    struct WithoutGil {
        std::array<ObjectPointer, kEntries> firsts;
        std::array<Entry, kEntries> entries;
        std::atomic<const void*> open_for;

        [[nodiscard]] ObjectPointer& first(std::size_t index) noexcept { return firsts[index]; }
        [[nodiscard]] ObjectPointer first(std::size_t index) const noexcept {
            return firsts[index];
        }
    };
    using Arrays = std::conditional_t<kNoGil, WithoutGil, WithGil>;
    /// The memory is mapped, so it is zero; a constructor would touch every page of it, and
    /// std::atomic has one.
    union Mapped {
        Mapped() noexcept {}
        Mapped(const Mapped&) = delete;
        Mapped& operator=(const Mapped&) = delete;
        ~Mapped() {}
        Arrays arrays;
    };

    /// Two slots that are stored to at once by different threads should not share a cache line.
    struct alignas(kNoGil ? 64 : alignof(InterpreterMutex)) Stripe {
        InterpreterMutex mutex{LockRank::kWindow};
    };

    struct Overflow;

    [[nodiscard]] Entry& entry_at(std::size_t index) noexcept {
        return mapped_.arrays.entries[index];
    }
    [[nodiscard]] bool is_touched(std::size_t page) const noexcept {
        const std::uint64_t word = touched_[page / kPagesPerWord].load(std::memory_order_relaxed);
        return (word >> (page % kPagesPerWord) & 1U) != 0;
    }
    void touch(std::size_t page) noexcept;
    void give_back(std::size_t page) noexcept;

    /// Puts an object into the word of an entry and returns what the caller has to release.
    [[nodiscard]] ObjectPointer replace(std::size_t index, ObjectPointer object) noexcept;
    /// The same for a token in the overflow; nullptr if it is not there.
    [[nodiscard]] ObjectPointer replace_in_overflow(Token token, ObjectPointer object) noexcept;
    /// Throws std::bad_alloc.
    [[nodiscard]] Overflow& overflow();
    int visit_overflow(int (*visit)(ObjectPointer object, void* data), void* data) const;

    /// Calls `visit(index)` for every entry of a touched page; stops at a result that is not 0.
    template <typename Visit>
    int for_each_index(Visit&& visit) const;

    Mapped mapped_; ///< first: the region is page-aligned, so pages line up
    mutable std::array<Stripe, kStripes> stripes_;
    std::array<std::atomic<std::uint64_t>, kPages / kPagesPerWord> touched_;
    std::atomic<Overflow*> overflow_; ///< owned; null until two tokens share an entry
    std::size_t taken_ = 0;           ///< of a closed window: entries before this one are empty
    std::atomic<bool> closed_;        ///< written when no other thread is attached
};

template <typename Visit>
int Window::for_each_index(Visit&& visit) const {
    for (std::size_t word = 0; word < touched_.size(); ++word) {
        std::uint64_t bits = touched_[word].load(std::memory_order_relaxed);
        for (; bits != 0; bits &= bits - 1) {
            const std::size_t first =
                (word * kPagesPerWord + std::countr_zero(bits)) * kEntriesPerPage;
            for (std::size_t i = first; i < first + kEntriesPerPage; ++i) {
                if (const int result = visit(i)) return result;
            }
        }
    }
    return 0;
}

template <typename Visit>
int Window::for_each(Visit&& visit) const {
    const int result = for_each_index([&](std::size_t i) {
        const Word word(mapped_.arrays.entries[i].word.load(std::memory_order_acquire));
        if constexpr (kNoGil) {
            ObjectPointer const first = word.is_cell() ? mapped_.arrays.first(i) : nullptr;
            if (const int stop = first != nullptr ? visit(first) : 0) return stop;
        }
        return word.object() != nullptr ? visit(word.object()) : 0;
    });
    if (result != 0) return result;
    return visit_overflow(
        [](ObjectPointer object, void* data) {
            return (*static_cast<std::remove_reference_t<Visit>*>(data))(object);
        },
        &visit);
}

} // namespace hpystate
