/// globals/locks.h: the ranks of all locks of the process, and the mutex that asserts their order.
///
/// Two rules. A thread takes a lock only if its rank is higher than that of every lock it holds. No
/// lock is held while the GIL is taken, while Python code may run, or while an object is released.
#pragma once

#include "globals/check.h"
#include "globals/gil.h"

#include <atomic>
#include <cstdint>
#include <mutex>
#include <type_traits>

namespace hpystate {

/// In the order in which they may nest, outermost first.
enum class LockRank : std::uint8_t {
    kNone,
    kDefinitions,   ///< globals/interner.cpp: tables made of definitions so far
    kFiles,         ///< runtime/loader/file_context.cpp: which file has its context
    kPrivateCopies, ///< runtime/loader/private_copies.cpp: copies of files
    kThunks,        ///< globals/thunk_table.cpp: which thunk has which number
    kTurns,         ///< interp_state/turns.cpp: who makes what, who waits
    kInstances, ///< interp_state/region.h: how many modules an interpreter has of each definition
    kDirectory, ///< interp_state/directory.cpp: regions and who owns them
    kEnds,      ///< interp_state/ends.h: which values end before all others
    kForeignFiles,  ///< runtime/elf/foreign_files.cpp: files that another runtime has too
    kOtherContexts, ///< runtime/versions/around/contexts.cpp: contexts while they are filled
    kRegistry,      ///< globals/registry.cpp: the tokens
    kWindow,        ///< interp_state/window.h: one slot, or the overflow; cells of fields
};

/// The highest rank that the calling thread holds. Only RankedMutex writes it.
inline LockRank& held_rank() noexcept {
    thread_local LockRank rank = LockRank::kNone;
    return rank;
}

/// Whether the calling thread holds none of these locks: what must be true where Python code may
/// run, the GIL is taken or an object is released. Always true in builds without checks.
[[nodiscard]] inline bool holds_no_lock() noexcept {
    return held_rank() == LockRank::kNone;
}

/// Whether the lock that the calling thread took last is of that rank. Always true in builds
/// without checks.
[[nodiscard]] inline bool holds_lock([[maybe_unused]] LockRank rank) noexcept {
#ifdef HPYSTATE_CHECKS
    return held_rank() == rank;
#else
    return true;
#endif
}

/// A std::mutex with a rank; meets BasicLockable. In builds with checks lock() asserts the order.
class RankedMutex {
  public:
    explicit constexpr RankedMutex(LockRank rank) noexcept : rank_(rank) {}

    void lock() {
        HPYSTATE_CHECK(held_rank() < rank_);
        mutex_.lock();
#ifdef HPYSTATE_CHECKS
        outer_ = held_rank();
        held_rank() = rank_;
        holder_.store(&held_rank(), std::memory_order_relaxed);
#endif
    }

    void unlock() noexcept {
#ifdef HPYSTATE_CHECKS
        HPYSTATE_CHECK(is_held());
        holder_.store(nullptr, std::memory_order_relaxed);
        held_rank() = outer_;
#endif
        mutex_.unlock();
    }

    /// Whether the calling thread holds it. Always true in builds without checks.
    [[nodiscard]] bool is_held() const noexcept {
#ifdef HPYSTATE_CHECKS
        // relaxed: only the calling thread writes its own address.
        return holder_.load(std::memory_order_relaxed) == &held_rank();
#else
        return true;
#endif
    }

  private:
    std::mutex mutex_;
    [[maybe_unused]] LockRank rank_;
    [[maybe_unused]] LockRank outer_ = LockRank::kNone; ///< written and read by the holder only
#ifdef HPYSTATE_CHECKS
    std::atomic<const LockRank*> holder_{nullptr}; ///< the holder's held_rank(); null: none
#endif
};

/// Takes the place of RankedMutex where the GIL is the lock: it does nothing.
class NoMutex {
  public:
    explicit constexpr NoMutex(LockRank /*rank*/) noexcept {}
    void lock() noexcept {}
    void unlock() noexcept {}
    /// Always true: the caller holds the GIL.
    [[nodiscard]] bool is_held() const noexcept { return true; }
};

/// Guards what threads of one interpreter share.
using InterpreterMutex = std::conditional_t<kNoGil, RankedMutex, NoMutex>;

} // namespace hpystate
