/// globals/thunk_table.h: which function of an extension each thunk calls.
///
/// A thunk is a C function that CPython calls; it is compiled with its number and reads the
/// function to call from `thunk_targets`. Thunks come in pools, one for every C signature and way
/// to find the context; a pool is a range of numbers. One function has one thunk in a pool, in all
/// interpreters: CPython compares slot pointers (binary_op1) to see whether two types share an
/// implementation.
///
/// Concurrency: a target is written once, under the lock, before its thunk's address is handed out;
/// whoever calls the thunk got the address through CPython, which orders the two. So a target is a
/// plain word: a thunk jumps to it without loading it first, which an atomic one would not allow.
/// Nothing is freed.
#pragma once

#include "globals/locks.h"

#include <array>
#include <cstddef>
#include <map>
#include <optional>
#include <utility>

namespace hpystate {

/// What a thunk finds at its number: a function of the extension, or a type's record.
using ThunkTarget = const void*;

/// A range of thunks of one kind.
struct ThunkPool {
    unsigned first;
    unsigned size;
};

class ThunkTable {
  public:
    static constexpr unsigned kThunks = 1U << 15;

    ThunkTable() = default;
    ThunkTable(const ThunkTable&) = delete;
    ThunkTable& operator=(const ThunkTable&) = delete;
    ~ThunkTable() = default;

    /// The number of the thunk for `target` in `pool`: the one that it has, or a new one. Nothing
    /// if the pool is used up. Throws std::bad_alloc.
    [[nodiscard]] std::optional<unsigned> assign(ThunkPool pool, ThunkTarget target);

    /// How many thunks of a pool are in use.
    [[nodiscard]] unsigned used(ThunkPool pool) const;

  private:
    mutable RankedMutex mutex_{LockRank::kThunks};
    std::map<std::pair<unsigned, ThunkTarget>, unsigned> numbers_; ///< by pool and target; guarded
    std::map<unsigned, unsigned> used_; ///< by the pool's first thunk; guarded by mutex_
};

/// The last numbers belong to types, one each: so a process can have 1,024 different records of
/// types.
inline constexpr ThunkPool kTypePool{ThunkTable::kThunks - 1024, 1024};

/// Written by ThunkTable::assign, read by thunks. Hidden: a thunk reads it without the GOT.
[[gnu::visibility("hidden")]] extern std::array<ThunkTarget, ThunkTable::kThunks> thunk_targets;

/// The thunk table of this process. Never destroyed.
[[nodiscard]] ThunkTable& thunk_table();

} // namespace hpystate
